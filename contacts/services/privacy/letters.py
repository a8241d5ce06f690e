"""What the mailboxes of colleagues hold of a person.

A letter to the person alone goes whole. A letter in which other customers have a part belongs to their history as well and
stays in it. The right to erasure is one to one's own data (GDPR art. 17 (1)); it ends where others' data and the freedom of
information begin (art. 17 (3) a, art. 15 (4)). So everything of the person is taken out of it, and nothing else:

- what the person wrote is their data as a whole, whatever it is about (CJEU C-434/16, Nowak): subject, text and files of
  such a letter go. The others keep its day and who else was in it;
- from a letter that somebody else wrote go address, phone and full name, wherever they stand: among those it went to, in
  the text, in what it quotes. A first name alone is many people's and stays.
"""

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from contacts.models import LetterParty, PersonalLetter, PersonalMailbox, SeenLetter
from contacts.services.privacy.declaring import anonymise, exempt, finder, follower, others, share
from contacts.services.privacy.files import named_in
from contacts.services.privacy.own import page
from contacts.services.privacy.scanning import containing, without
from crm.models import Delivery, StoredFile

exempt(
    "Mailboxes of colleagues: where they are and how they are read.",
    "contacts.personalmailbox",
    "contacts.personalmailboxevent",
    "contacts.mailfolder",
)
exempt("Texts for many people, with holes where names come.", "contacts.lettertemplate", "contacts.lettertemplateevent")
anonymise("contacts.seenletter", why=_("That a letter was looked at, so that it is not taken again; not what it was."))

# What a colleague was told of a letter leads to it.
page("contacts.personalletter")

_TEXTS = ("subject", "text", "html", "typed", "error", "links", "sender_name", "missing")
_TAKEN = (*_TEXTS, "sender", "recipients", "images")
_ENVELOPE = ("to_name", "subject", "text", "html", "reply", "headers", "attachments")


@finder("contacts.personalletter")
def exchanged(person):
    """Letters with the person, whoever else they went to."""
    known = PersonalLetter.objects.filter(parties__contact__in=person.numbers).values("pk")
    named = containing(PersonalLetter, sorted(person.emails), "sender", "recipients").values("pk")
    return PersonalLetter.objects.filter(Q(pk__in=known) | Q(pk__in=named))


def exchanged_with_others(person):
    """Those in which another customer has a part as well."""
    somebody_else = LetterParty.objects.filter(letter=OuterRef("pk"), contact__isnull=False)
    return exchanged(person).filter(Exists(somebody_else.exclude(contact__in=person.numbers)))


def handed_over_to_others(person):
    """Those of letters that stay: what still waits is to reach the others."""
    letters = exchanged_with_others(person).filter(delivery_id__isnull=False)
    return Delivery.objects.filter(pk__in=letters.values("delivery_id"))


def take_out_of_deliveries(rows, person):
    """What the worker has said of them stays said; one that is prepared and not handed over is prepared anew."""
    for row in rows:
        if row.state == Delivery.State.CLAIMED:
            # Its holder finds the fence moved and hands nothing over, neither the address nor the name.
            row.state, row.fence, row.lease_until = Delivery.State.QUEUED, row.fence + 1, None
            row.save(update_fields=["state", "fence", "lease_until"])
        copies = [pair for pair in row.copies if pair[1].casefold() not in person.emails]
        if row.to.casefold() in person.emails and copies:
            (row.to_name, row.to), *copies = copies
        row.refs = without(person.texts, row.refs | {"cc": [list(pair) for pair in copies]})
        row.contact_id = None if row.contact_id in person.numbers else row.contact_id
        for name in _ENVELOPE:
            setattr(row, name, without(person.texts, getattr(row, name)))
        row.save(update_fields=["to", "refs", "contact_id", *_ENVELOPE])


# Before the letters: so the worker locks them too, which notes in a letter what became of its delivery.
share(
    "crm.delivery",
    handed_over_to_others,
    take_out_of_deliveries,
    why=_("Others get it too: the person is taken off the envelope."),
)


def take_out_of_letters(letters, person):
    """Leave of letters what is the others'."""
    for letter in letters:
        if letter.sender.casefold() in person.emails:
            letter.subject = letter.text = letter.html = letter.typed = letter.sender = letter.sender_name = ""
            letter.images, letter.links = [], []
        letter.recipients = [pair for pair in letter.recipients if pair[1].casefold() not in person.emails]
        for name in _TEXTS:
            setattr(letter, name, without(person.texts, getattr(letter, name)))
        letter.save(update_fields=_TAKEN)
    LetterParty.objects.filter(letter__in=letters, contact__in=person.numbers).delete()


share(
    "contacts.personalletter",
    exchanged_with_others,
    take_out_of_letters,
    why=_("Others have a part in it: what the person wrote goes, and else the address and the name."),
)


@finder("crm.storedfile")
def files_sent_along(person):
    """Files of letters that the person wrote to several people, and pictures in them."""
    written = exchanged_with_others(person).filter(pk__in=containing(PersonalLetter, sorted(person.emails), "sender"))
    along = StoredFile.objects.filter(target_type=PersonalLetter._meta.label_lower, target_id__in=written.values("pk"))
    return along | named_in(written.values_list("images", flat=True))


@others("contacts.personalletter")
def kept_to_their_owner(person):
    """Letters that a colleague shares with nobody are not opened for the copy: the person has them."""
    return Q(is_shared=False) | (Q(is_shared=None) & ~Q(mailbox__shown=PersonalMailbox.Shown.ALL))


@finder("contacts.seenletter")
def seen(person):
    mine = exchanged(person).values("pk")
    named = containing(SeenLetter, sorted(person.emails), "sender", "recipients").values("pk")
    return SeenLetter.objects.filter(Q(letter__in=mine) | Q(pk__in=named))


@follower("crm.delivery")
def handed_over(found):
    """The outgoing rows of these letters: the person may have got no more than a copy."""
    letters = PersonalLetter.objects.filter(pk__in=found.get(PersonalLetter, ()), delivery_id__isnull=False)
    return Delivery.objects.filter(pk__in=letters.values("delivery_id"))


@others("crm.delivery")
def sent_from_their_mailbox(person):
    """What a colleague sent from a mailbox of their own stands among the letters, as far as it is shared."""
    return ~Q(account="")
