"""“Still right” on a record, and a letter that asks the person for what is missing."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from contacts.models import Contact
from contacts.services.quality import asking
from contacts.services.quality.verifying import verify
from contacts.views import fields
from crm import htmx
from crm.access import fetch

SUBJECTS = {"contact": fields.CONTACT, "company": fields.COMPANY}


@require_POST
def create(request, subject, pk):
    if subject not in SUBJECTS:
        raise Http404
    record = fetch(SUBJECTS[subject].model.objects.for_card(), request.user, pk, edit=True)
    verify(record, by=request.user)
    if not request.htmx:
        return htmx.redirect(request, record.get_absolute_url(), _("Noted as still right."))
    page = render(request, "contacts/_quality.html", fields.context(SUBJECTS[subject], record, request.user))
    return htmx.toast(htmx.refresh(page, "timeline:changed"), _("Noted as still right."))


@require_POST
def ask(request, pk):
    """Begin the letter in the composer: it goes when the person who asks sends it."""
    contact = fetch(Contact.objects.for_card().select_related("measured"), request.user, pk, edit=True)
    try:
        asking.begin_letter(contact, getattr(contact, "measured", None), by=request.user)
    except asking.AskRefused as refusal:
        messages.error(request, str(refusal))
        return htmx.redirect(request, contact.get_absolute_url())
    return htmx.redirect(request, f"{contact.get_absolute_url()}#composer", _("Read it once more, then send it."))
