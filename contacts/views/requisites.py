"""Legal entities of a company: a page of their own, because they are long and copied from papers."""

from django.http import Http404
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from contacts.models import Company, Requisite
from contacts.record_forms import AccountFormSet, RequisiteForm
from contacts.services.requisites import keep_requisite, remove_requisite, twins_of
from crm import field_access, htmx
from crm.access import fetch


def new(request, pk):
    company = _company(request, pk)
    blank = Requisite(company=company, country=company.country, name=company.name)
    return _form(request, company, blank, initial={"inn": company.inn} if not company.requisites.exists() else {})


def edit(request, pk, row_pk):
    company = _company(request, pk)
    return _form(request, company, _row(company, row_pk))


@require_POST
def destroy(request, pk, row_pk):
    company = _company(request, pk)
    requisite = _row(company, row_pk)
    remove_requisite(requisite, by=request.user)
    return htmx.redirect(request, company.get_absolute_url(), _("%(name)s is removed.") % {"name": requisite})


def _company(request, pk):
    """The company, as far as the user may change its requisites."""
    company = fetch(Company.objects.for_card(), request.user, pk, edit=True)
    field_access.require(request.user, "company", "requisites")
    return company


def _row(company, row_pk):
    found = company.requisites.filter(pk=row_pk).first()
    if found is None:
        raise Http404
    return found


def _form(request, company, requisite, initial=None):
    """Entity and accounts in one form. Others with the same numbers are shown first; the second press saves."""
    now = requisite.version
    form = RequisiteForm(request.POST or None, instance=requisite, initial=initial)
    accounts = _accounts(request, requisite)
    context = {"company": company, "form": form, "accounts": accounts, "requisite": requisite, "version": now}
    if request.method == "POST" and form.is_valid() & (accounts is None or accounts.is_valid()):
        context["conflict"] = requisite.pk and request.POST.get("version", str(now)) != str(now)
        context["twins"] = twins_of(form.instance, request.user) if "anyway" not in request.POST else []
        if not context["conflict"] and not context["twins"]:
            keep_requisite(form.instance, accounts, by=request.user)
            return htmx.redirect(request, company.get_absolute_url(), _("Saved."))
    status = 422 if request.method == "POST" else 200
    return render(request, "contacts/requisite_form.html", context, status=status)


def _accounts(request, requisite):
    """The accounts of the entity; None where the user may not change them, and they stay as they are."""
    if not field_access.may_change(request.user, "company", "bank"):
        if any(name.startswith("accounts-") for name in request.POST):
            field_access.require(request.user, "company", "bank")
        return None
    return AccountFormSet(request.POST or None, instance=requisite, prefix="accounts")
