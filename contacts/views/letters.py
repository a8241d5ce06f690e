"""Personal letters: the conversation, the laid-out form, who may read, pictures from elsewhere."""

from django.db.models import Q
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from contacts.models import LetterParty, PersonalLetter
from contacts.services.mailbox import showing
from crm import htmx
from crm.access import fetch
from crm.mail.incoming import pictures as letter_pictures
from crm.views.letters import framed


def show(request, pk):
    """The conversation in which a letter stands."""
    letter = fetch(PersonalLetter.objects.all(), request.user, pk)
    parties = LetterParty.objects.filter(letter=letter).select_related("contact", "company").order_by("pk")
    seen = [party for party in parties if _sees(request.user, party)]
    context = {"letter": letter, "parties": seen, "letters": showing.conversation(letter, request.user)}
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


def _sees(user, party):
    record = party.contact or party.company
    return type(record).objects.visible_to(user).filter(pk=record.pk).exists()


def _back(request, letter):
    """The record on whose page the letter stood, else the letter's own page."""
    for party in LetterParty.objects.filter(letter=letter).select_related("contact", "company"):
        url = (party.contact or party.company).get_absolute_url()
        if request.POST.get("back") == url:
            return url
    return letter.get_absolute_url()
