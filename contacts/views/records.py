"""What belongs to a contact's record: addresses, consents, files."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from contacts.models import Consent, Contact
from contacts.services import points
from contacts.services.consents import state_consent
from crm import files, htmx
from crm.access import fetch


@require_POST
def point_create(request, pk):
    """Add an address. Somebody who has it already is shown first; the second press adds it all the same."""
    contact = fetch(Contact.objects.for_card(), request.user, pk, edit=True)
    kind, value = request.POST.get("kind", "email"), request.POST.get("value", "")
    known = {kind: value} if kind in {"email", "phone"} else {}
    twins = points.same_people(request.user, exclude=contact.pk, **known)
    if twins and request.htmx and "anyway" not in request.POST:
        return _points(request, contact, {"twins": twins})
    try:
        points.add_point(contact, kind, value)
    except points.PointRefused as refusal:
        return (
            _points(request, contact, {"error": refusal}) if request.htmx else _refused(request, contact, str(refusal))
        )
    if twins:
        names = ", ".join(str(twin) for twin in twins)
        return htmx.redirect(request, contact.get_absolute_url(), _("Added. %(names)s has it too.") % {"names": names})
    return htmx.redirect(request, contact.get_absolute_url(), _("Added."))


def _points(request, contact, why):
    """The panel again, with what stands against the address and what was written."""
    written = {"kind": request.POST.get("kind", "email"), "value": request.POST.get("value", "")}
    context = {"contact": contact, "points": points.points_of(contact), **written, **why}
    return render(request, "contacts/panels/points.html", context, status=422)


@require_POST
def point_delete(request, pk, point_pk):
    contact = fetch(Contact.objects.for_card(), request.user, pk, edit=True)
    points.remove_point(get_object_or_404(contact.points, pk=point_pk))
    return htmx.redirect(request, contact.get_absolute_url(), _("Removed."))


@require_POST
def point_primary(request, pk, point_pk):
    contact = fetch(Contact.objects.for_card(), request.user, pk, edit=True)
    point = get_object_or_404(contact.points, pk=point_pk)
    points.add_point(contact, point.kind, point.value, primary=True)
    return htmx.redirect(request, contact.get_absolute_url(), _("That is the main one now."))


@require_POST
def consent_create(request, pk):
    """State a consent given or withdrawn in a talk; the ledger keeps both."""
    contact = fetch(Contact.objects.for_card(), request.user, pk, edit=True)
    purpose = request.POST.get("purpose", "")
    if purpose not in Consent.Purpose.values:
        return _refused(request, contact, _("Choose what the consent is for."))
    given = request.POST.get("given") == "1"
    state_consent(contact, purpose, given=given, source=_("stated to %(by)s") % {"by": request.user}, by=request.user)
    return htmx.redirect(request, contact.get_absolute_url(), _("Noted."))


@require_POST
def file_create(request, pk):
    contact = fetch(Contact.objects.for_card(), request.user, pk, edit=True)
    # With scripts the files have arrived before the form; without them they come in it.
    taken = files.take_uploads(request.POST.getlist("files"), by=request.user, target=contact)
    sent = request.FILES.getlist("file")
    if not taken and not sent:
        return _refused(request, contact, _("Choose a file first."))
    try:
        for upload in sent:
            files.store(upload, upload.name, by=request.user, target=contact)
    except files.FileRefused as refusal:
        return _refused(request, contact, str(refusal))
    return htmx.redirect(request, contact.get_absolute_url(), _("The file is kept."))


def _refused(request, contact, text):
    messages.error(request, text)
    return htmx.redirect(request, contact.get_absolute_url())
