"""The ledger of a person's consents: what stands, the proof of each statement, and stating one by hand."""

from django.db import transaction
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from contacts.forms_consents import ConsentForm
from contacts.models import Consent, Contact
from contacts.services import consents, ledger
from crm import htmx
from crm.access import fetch


def index(request, pk):
    return _page(request, fetch(Contact.objects.for_card(), request.user, pk))


@require_POST
@transaction.atomic
def create(request, pk):
    """State what somebody said in a talk or on paper; the ledger keeps who noted it, when and why."""
    contact = fetch(Contact.objects.for_card(), request.user, pk, edit=True)
    form = ConsentForm(request.POST, contact=contact)
    if not form.is_valid():
        return _page(request, contact, form, status=422)
    data = form.cleaned_data
    consents.state_consent(
        contact,
        data["purpose"],
        given=data["given"] == "1",
        topic=data["topic"],
        channel=data["channel"],
        source=data["source"],
        note=data["note"],
        law=consents.law_for(contact),
        way=Consent.Way.STAFF,
        by=request.user,
    )
    return htmx.redirect(request, reverse("contacts:consents", args=[contact.pk]), _("Noted."))


def _page(request, contact, form=None, status=200):
    rows = list(contact.consents.select_related("version", "by").newest_first()[:200])
    faults = ledger.faults_of(contact)
    for row in rows:
        row.label, row.fault = consents.label_of(row), faults.get(row.pk, "")
    context = {
        "contact": contact,
        "overview": consents.overview(contact),
        "rows": rows,
        "faults": {fault for fault in faults.values() if fault != "unsealed"},
        "unsealed": "unsealed" in faults.values(),
        "form": form or ConsentForm(contact=contact, initial={"purpose": request.GET.get("purpose", "")}),
    }
    return render(request, "contacts/consents.html", context, status=status)
