"""What the mailboxes of colleagues hold of a person."""

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from contacts.models import PersonalLetter, PersonalMailbox, SeenLetter
from contacts.services.privacy.own import page
from contacts.services.privacy.ties import anonymise, containing, exempt, finder, follower, others
from crm.models import Delivery

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


@finder("contacts.personalletter")
def exchanged(person):
    """Letters with the person, whoever else they went to."""
    known = PersonalLetter.objects.filter(parties__contact__in=person.numbers).values("pk")
    named = containing(PersonalLetter, sorted(person.emails), "sender", "recipients").values("pk")
    return PersonalLetter.objects.filter(Q(pk__in=known) | Q(pk__in=named))


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
