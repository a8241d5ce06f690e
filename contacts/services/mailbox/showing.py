"""Personal letters as pages show them, to those who may read them."""

from django.db.models import Q

from contacts.models import PersonalLetter
from crm import files
from crm.mail.incoming.quotes import fold

# A card shows the beginning; the letter's own page shows all of it.
SHOWN = 1200


def found(user, words):
    """Letters that the user may read in which the words stand."""
    return PersonalLetter.objects.visible_to(user).filter(Q(subject__icontains=words) | Q(text__icontains=words))


def cards(user, keys):
    """{key: letter} of those the user may read, with what a card needs; two queries whatever their number."""
    rows = PersonalLetter.objects.visible_to(user).filter(pk__in=keys)
    return {letter.pk: letter for letter in dressed(rows, user)}


def dressed(rows, user):
    """Letters with their files, the text apart from what it quotes, and whether they are the user's own."""
    letters = list(rows.select_related("mailbox", "owner"))
    by_letter = files.files_by_target(PersonalLetter, [letter.pk for letter in letters])
    for letter in letters:
        shown = {image["file"] for image in letter.images if "cid" in image}
        letter.files = [f for f in by_letter.get(letter.pk, []) if f.kind != "inline" or str(f.uuid) in shown]
        letter.blocked = sum(1 for image in letter.images if image.get("url") and not image["file"])
        letter.said, letter.quoted = fold(letter.text)
        letter.begins, letter.goes_on = letter.said[:SHOWN], len(letter.said) > SHOWN
        letter.is_mine = letter.owner_id == user.pk
        letter.others = [name or address for name, address in letter.recipients]
    return letters


def conversation(letter, user):
    """The letters of one conversation that the user may read, the oldest first."""
    rows = PersonalLetter.objects.visible_to(user).filter(mailbox=letter.mailbox_id, thread=letter.thread)
    return dressed(rows.sent().order_by("sent_at", "pk")[:200], user)
