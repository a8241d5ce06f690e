"""The composer on the page of a person or a company: notes, calls, meetings, letters."""

from django.shortcuts import render
from django.utils.translation import gettext as _

from contacts.forms import TalkForm
from contacts.services import letters, people
from contacts.views.fields import talk_url
from crm import htmx
from crm.access import fetch


def create(request, subject, pk):
    """Write what was said, or send a letter."""
    record = fetch(subject.model.objects.for_card(), request.user, pk, edit=True)
    form = TalkForm(request.POST)
    if not form.is_valid() or not _write(record, form, request.user):
        context = _context(subject, record) | {"form": form}
        return render(request, "contacts/_composer.html", context, status=422)
    said = _("The letter is on its way.") if form.cleaned_data["kind"] == "email" else _("Written down.")
    if not request.htmx:
        return htmx.redirect(request, record.get_absolute_url(), said)
    page = htmx.refresh(render(request, "contacts/_composer.html", _context(subject, record)), "timeline:changed")
    return htmx.toast(page, said)


def _context(subject, record):
    return {
        "subject": subject.name,
        "record": record,
        "talk_url": talk_url(subject, record),
        "letter_refused": letters.refusal(record),
    }


def _write(record, form, user):
    """Says whether it was written; what stands against a letter becomes an error of the form."""
    data = form.cleaned_data
    if data["kind"] != "email":
        people.log_talk(record, data["kind"], data["text"], by=user, minutes=data["minutes"])
        return True
    try:
        letters.write_letter(record, data["subject"], data["text"], by=user)
    except letters.LetterRefused as refusal:
        form.add_error("text", str(refusal))
        return False
    return True
