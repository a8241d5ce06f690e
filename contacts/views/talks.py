"""The composer on the page of a person or a company: notes, calls, meetings, letters."""

from django.shortcuts import render
from django.utils.translation import gettext as _

from contacts.forms import TalkForm
from contacts.services import letters, people
from contacts.views.fields import talk_url
from crm import htmx, notes
from crm.access import fetch
from crm.views.timeline import said_of


def create(request, subject, pk):
    """Write what was said, or send a letter."""
    record = fetch(subject.model.objects.for_card(), request.user, pk, edit=True)
    form = TalkForm(request.POST)
    untold = _write(record, form, request) if form.is_valid() else None
    if untold is None:
        context = composer(subject, record, request.user) | {"form": form}
        return render(request, "contacts/_composer.html", context, status=422)
    said = _("The letter is on its way.") if form.cleaned_data["kind"] == "email" else _("Written down.")
    said = said_of(said, untold)
    if not request.htmx:
        return htmx.redirect(request, record.get_absolute_url(), said)
    page = htmx.refresh(
        render(request, "contacts/_composer.html", composer(subject, record, request.user)), "timeline:changed"
    )
    return htmx.toast(page, said)


def composer(subject, record, user):
    """What the composer needs; it opens with the draft that the user left."""
    return {
        "subject": subject.name,
        "record": record,
        "talk_url": talk_url(subject, record),
        "letter_refused": letters.refusal(record),
        "draft": notes.draft_of(record, user) if record.can_edit else None,
    }


def _write(record, form, request):
    """Who was mentioned and not told; None when something stands against a letter, which becomes an error of the form."""
    data, user = form.cleaned_data, request.user
    if data["kind"] != "email":
        uploads = request.POST.getlist("files")
        written = people.log_talk(record, data["kind"], data["text"], by=user, minutes=data["minutes"], uploads=uploads)
        return written.untold
    try:
        letters.write_letter(record, data["subject"], data["text"], by=user)
    except letters.LetterRefused as refusal:
        form.add_error("text", str(refusal))
        return None
    notes.forget_draft(record, user)
    return []
