"""Companies: page and forms."""

from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from contacts.forms import CompanyForm
from contacts.models import Company, Contact
from contacts.services import letters, people
from contacts.views import fields, talks
from crm import htmx, registry, timeline
from crm.access import fetch, may, require
from crm.events import record
from crm.views.timeline import context as timeline_context

PEOPLE = 50


def show(request, pk):
    company = fetch(Company.objects.for_card().select_related("parent"), request.user, pk)
    context = fields.context(fields.COMPANY, company) | {
        "company": company,
        "letter_refused": letters.refusal(company),
        "people": Contact.objects.visible_to(request.user).filter(company=company).order_by("name_key")[:PEOPLE],
        "children": Company.objects.visible_to(request.user).filter(parent=company).order_by("name_key")[:PEOPLE],
        "timeline_groups": timeline.groups(),
        "right_panels": registry.panels_for(request.user, "company", "right"),
        "may_add": may(request.user, "contact", "edit"),
        "can_delete": Company.objects.deletable_by(request.user).filter(pk=pk).exists(),
    }
    return render(request, "contacts/company.html", context | timeline_context(request, "company", company))


def new(request):
    require(request.user, "company", "edit")
    return render(request, "contacts/company_form.html", {"form": CompanyForm(initial={"owner": request.user})})


@require_POST
def create(request):
    require(request.user, "company", "edit")
    form = CompanyForm(request.POST)
    if not form.is_valid():
        return render(request, "contacts/company_form.html", {"form": form}, status=422)
    form.instance.assign_to(form.cleaned_data["owner"] or request.user)
    company = form.save()
    record("company.created", company=company, target=company, actor=request.user)
    return htmx.redirect(request, company.get_absolute_url(), _("%(name)s is there.") % {"name": company})


def edit(request, pk):
    company = fetch(Company.objects.for_card(), request.user, pk, edit=True)
    form = CompanyForm(request.POST or None, instance=company)
    if request.method == "POST" and form.is_valid():
        if "owner" in form.changed_data:
            form.instance.assign_to(form.cleaned_data["owner"])
        form.save()
        still_mine = Company.objects.visible_to(request.user).filter(pk=pk).exists()
        url = company.get_absolute_url() if still_mine else reverse("contacts:companies")
        return htmx.redirect(request, url, _("Saved."))
    can_delete = Company.objects.deletable_by(request.user).filter(pk=pk).exists()
    context = {"form": form, "company": company, "can_delete": can_delete}
    return render(request, "contacts/company_form.html", context, status=422 if form.errors else 200)


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
