"""“Still right” on a record."""

from django.http import Http404
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

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
