"""Companies: page and forms."""

from django.db import transaction
from django.http import Http404
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from contacts.forms import CompanyForm
from contacts.models import Company
from contacts.services import companies, people
from contacts.services.duplicates import lookup
from contacts.views import fields, merges, talks
from crm import htmx, registry
from crm.access import fetch, may, require
from crm.views.timeline import context as timeline_context


def show(request, pk):
    """The company's page; the address of a merged one leads to the record it went into."""
    try:
        company = fetch(Company.objects.for_card().select_related("parent"), request.user, pk)
    except Http404:
        return merges.follow(request, Company, pk)
    context = fields.context(fields.COMPANY, company, request.user)
    context |= talks.composer(fields.COMPANY, company, request.user, request.GET)
    context |= {
        "company": company,
        "left_panels": registry.panels_for(request.user, "company", "left"),
        "right_panels": registry.panels_for(request.user, "company", "right"),
        "may_add": may(request.user, "contact", "edit"),
        "can_delete": Company.objects.deletable_by(request.user).filter(pk=pk).exists(),
    }
    return render(request, "contacts/company.html", context | timeline_context(request, "company", company))


def new(request):
    require(request.user, "company", "edit")
    return render(
        request, "contacts/company_form.html", {"form": CompanyForm(initial={"owner": request.user}, by=request.user)}
    )


@require_POST
def create(request):
    require(request.user, "company", "edit")
    form = CompanyForm(request.POST, request.FILES, by=request.user)
    if not form.is_valid():
        return render(request, "contacts/company_form.html", {"form": form}, status=422)
    typed = {name: form.cleaned_data.get(name) or "" for name in ("name", "inn", "domain", "city")}
    twins = [] if "anyway" in request.POST else lookup.similar_companies(request.user, **typed)
    if twins:
        return render(request, "contacts/company_form.html", {"form": form, "twins": twins}, status=422)
    company = companies.create_company(form, by=request.user)
    said = [_("%(name)s is there.") % {"name": company}, *form.save_files(company)]
    return htmx.redirect(request, company.get_absolute_url(), " ".join(said))


@transaction.atomic
def edit(request, pk):
    company = fetch(Company.objects.for_card(), request.user, pk, edit=True, lock=request.method == "POST")
    form = CompanyForm(request.POST or None, instance=company, by=request.user)
    if request.method == "POST" and form.is_valid() and _saved(company, form, request.user):
        still_mine = Company.objects.visible_to(request.user).filter(pk=pk).exists()
        url = company.get_absolute_url() if still_mine else reverse("contacts:companies")
        return htmx.redirect(request, url, _("Saved."))
    can_delete = Company.objects.deletable_by(request.user).filter(pk=pk).exists()
    context = {"form": form, "company": company, "can_delete": can_delete}
    return render(request, "contacts/company_form.html", context, status=422 if form.errors else 200)


def _saved(company, form, user):
    """Write what was changed, all or nothing; what stands against it becomes an error of the form."""
    try:
        with transaction.atomic():
            for name in form.changed_data:
                companies.change_field(company, form, name, was=None, by=user)
            form.save_custom()
    except people.FieldRefused as refusal:
        form.add_error("parent", str(refusal))
        return False
    return True


def field(request, pk, name):
    return fields.edit(request, fields.COMPANY, pk, name)


def field_shown(request, pk, name):
    return fields.shown(request, fields.COMPANY, pk, name)


@require_POST
def talk(request, pk):
    return talks.create(request, fields.COMPANY, pk)


@require_POST
def destroy(request, pk):
    """Delete a company; its people stay."""
    company = fetch(Company.objects.for_card(), request.user, pk, delete=True)
    people.delete_company(company, by=request.user)
    return htmx.redirect(request, reverse("contacts:companies"), _("%(name)s is deleted.") % {"name": company})
