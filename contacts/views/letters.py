"""Personal letters: the conversation, the laid-out form, who may read, pictures from elsewhere."""

from urllib.parse import urlencode, urlsplit

from django.db.models import Q
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from contacts.forms_mailbox import WaitingLetterForm
from contacts.models import Company, Contact, LetterParty, PersonalLetter
from contacts.services import letters
from contacts.services.mailbox import showing, writing
from contacts.views import talks
from crm import htmx, notes
from crm.access import fetch
from crm.mail.incoming import pictures as letter_pictures
from crm.views.letters import framed


def show(request, pk):
    """The conversation in which a letter stands."""
    letter = fetch(PersonalLetter.objects.all(), request.user, pk)
    parties = LetterParty.objects.filter(letter=letter).select_related("contact", "company").order_by("pk")
    seen = [party for party in parties if _sees(request.user, party)]
    context = {"letter": letter, "parties": seen, "conversation": showing.conversation(letter, request.user)}
    return render(request, "contacts/letter.html", context)


def body(request, pk):
    return framed(request, fetch(PersonalLetter.objects.all(), request.user, pk))


@require_POST
def share(request, pk):
    """Open a letter to colleagues who see its people, or close it; with `thread` the whole conversation."""
    letter = fetch(PersonalLetter.objects.all(), request.user, pk, edit=True)
    is_shared = request.POST.get("shared") == "1"
    which = Q(pk=letter.pk)
    if "thread" in request.POST:
        which |= Q(mailbox=letter.mailbox_id, thread=letter.thread)
    rows = PersonalLetter.objects.editable_by(request.user).filter(which)
    rows.update(is_shared=is_shared)
    return htmx.redirect(request, _back(request, letter), _("Colleagues can read it now.") if is_shared else _("Only you can read it now."))  # fmt: skip


@require_POST
def pictures(request, pk):
    """Fetch the pictures of one's letter. Its sender may learn that somebody looked, so only when asked to."""
    letter = fetch(PersonalLetter.objects.all(), request.user, pk, edit=True)
    count = letter_pictures.fetch_pictures(letter)
    text = ngettext("%(count)s picture is shown.", "%(count)s pictures are shown.", count) % {"count": count}
    return htmx.redirect(request, letter.get_absolute_url(), text)


def reply(request, pk):
    """To the composer of whoever is at the other end, with the answer begun."""
    letter = fetch(PersonalLetter.objects.all(), request.user, pk, edit=True)
    party = _other_end(letter, request.user)
    if party is None:
        raise Http404
    record = party.contact or party.company
    query = urlencode({"reply": letter.pk})
    if request.htmx:
        subject = record._meta.model_name
        return talks.show(_with(request, query), subject, record.pk)
    return htmx.redirect(request, f"{record.get_absolute_url()}?{query}#composer")


@require_POST
def cancel(request, pk):
    """Take a letter back that waits; what was in it is in the composer again."""
    letter = fetch(PersonalLetter.objects.all(), request.user, pk, edit=True)
    try:
        words = writing.take_back(letter)
    except letters.TooLate:
        return _said(request, letter, _("It is on its way already."), level="error")
    return _answer(request, _home(letter), _kept_as_draft(_record_of(letter), request.user, words))


@require_POST
def recall(request, pk):
    """The same for a letter in the company's name that waits for its moment."""
    delivery = get_object_or_404(letters.later_by(request.user), pk=pk)
    record = letters.record_of(delivery)
    home = record.get_absolute_url() if record else reverse("today")
    try:
        letters.take_back(delivery.pk)
    except letters.TooLate:
        return _answer(request, home, _("It is on its way already."), level="error")
    words = {"kind": "email", "subject": delivery.subject, "text": letters.typed(delivery), "to": delivery.to}
    return _answer(request, home, _kept_as_draft(record, request.user, words))


def _kept_as_draft(record, user, words):
    """Put a letter that was taken back into the composer of its record; says what became of it."""
    if record is None:
        return _("The letter is taken back.")
    if notes.add_to_draft(record, user, words):
        return _("Taken back. It stands below what you were writing.")
    return _("Taken back. Its words are kept as a draft.")


def edit(request, pk):
    """Change a letter that waits, or when it goes."""
    letter = fetch(PersonalLetter.objects.all(), request.user, pk, edit=True)
    begun = {"subject": letter.subject, "text": letter.typed, "at": timezone.localtime(letter.sent_at)}
    form = WaitingLetterForm(request.POST or None, initial=begun)
    if request.method == "POST" and form.is_valid():
        try:
            writing.rewrite(letter, **form.cleaned_data)
            return htmx.redirect(request, _home(letter), _("Saved."))
        except letters.LetterRefused as refusal:
            form.add_error("at", str(refusal))
        except letters.TooLate:
            return htmx.redirect(request, _home(letter), _("It is on its way already."))
    context = {"form": form, "title": str(letter), "parent": (_record_of(letter), _home(letter))}
    return render(request, "crm/settings_form.html", context, status=422 if form.errors else 200)


@require_POST
def retry(request, pk):
    """Send a letter again that did not go."""
    letter = fetch(PersonalLetter.objects.all(), request.user, pk, edit=True)
    try:
        writing.retry(letter)
    except letters.LetterRefused as refusal:
        return _said(request, letter, str(refusal), level="error")
    except letters.TooLate:
        return _said(request, letter, _("It is on its way already."), level="error")
    return _said(request, letter, _("The letter is on its way."))


@require_POST
def discard(request, pk):
    """A letter that did not go is not wanted any more."""
    letter = fetch(PersonalLetter.objects.all(), request.user, pk, edit=True)
    rows = PersonalLetter.objects.editable_by(request.user).filter(pk=letter.pk, state=PersonalLetter.State.FAILED)
    rows.update(state=PersonalLetter.State.CANCELLED)
    return _said(request, letter, _("Removed."))


def unsent(request, subject, pk):
    """Letters to a record that wait or did not go. When one has gone meanwhile the timeline reads itself anew."""
    model = {"contact": Contact, "company": Company}.get(subject)
    if model is None:
        raise Http404
    record = fetch(model.objects.all(), request.user, pk)
    rows = talks.unsent_of(record, request.user)
    page = render(
        request,
        "contacts/_unsent.html",
        {"unsent": rows, "later": talks.later_to(record, request.user), "record": record, "subject": subject},
    )
    waited = request.GET.get("waiting", "")
    left = sum(1 for row in rows if row.state == PersonalLetter.State.WAITING)
    return htmx.refresh(page, "timeline:changed") if waited.isdecimal() and left < int(waited) else page


def _said(request, letter, text, level="ok"):
    return _answer(request, _home(letter), text, level)


def _answer(request, home, text, level="ok"):
    if not request.htmx:
        return htmx.redirect(request, home, text)
    answer = htmx.refresh(HttpResponse(status=204), "timeline:changed", "letters:changed")
    return htmx.toast(answer, text, level=level)


def _with(request, query):
    request.GET = QueryDict(query)
    return request


def _record_of(letter):
    party = LetterParty.objects.filter(letter=letter).select_related("contact", "company").order_by("pk").first()
    return (party.contact or party.company) if party else None


def _home(letter):
    record = _record_of(letter)
    return record.get_absolute_url() if record else letter.get_absolute_url()


def _other_end(letter, user):
    """The correspondent an answer goes to: whose address wrote, else the first the user may write to."""
    rows = list(LetterParty.objects.filter(letter=letter).select_related("contact", "company").order_by("pk"))
    ends = {letter.sender, *(address for _name, address in letter.recipients[:1])}
    rows.sort(key=lambda party: not ends & set(letters.addresses_of(party.contact or party.company)))
    return next((party for party in rows if _sees(user, party)), None)


def _sees(user, party):
    record = party.contact or party.company
    return type(record).objects.visible_to(user).filter(pk=record.pk).exists()


def _back(request, letter):
    """The record on whose page the letter stood, else the letter's own page."""
    came_from = urlsplit(request.headers.get("Referer", "")).path
    for party in LetterParty.objects.filter(letter=letter).select_related("contact", "company"):
        url = (party.contact or party.company).get_absolute_url()
        if url == came_from:
            return url
    return letter.get_absolute_url()
