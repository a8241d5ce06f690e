"""How an erasure begins: what is still under way is named, a legal hold refuses it, and nothing more goes to the person."""

from collections.abc import Callable

from django.db import transaction
from django.utils.translation import gettext as _

from contacts.models import Contact, ErasedAddress, Erasure, LegalHold
from contacts.services.privacy.person import person_of

_warners: list[Callable] = []
_closers: list[Callable] = []


class ErasureRefused(ValueError):
    """The person may not be erased; the message says why."""


def warns(fn):
    """Decorator: `fn(contact)` gives [(text, url)] of what is still under way with a person."""
    _warners.append(fn)
    return fn


def closes(fn):
    """Decorator: `fn(digests)` hears, in the transaction of the beginning, of the hashed addresses of somebody to be erased."""
    _closers.append(fn)
    return fn


def warnings(contact):
    """[(text, url)] of what is still under way: open deals and tickets, say."""
    return [found for warn in _warners for found in warn(contact)]


@transaction.atomic
def begin(contact, *, by, cause=Erasure.Cause.REQUEST):
    """Note that a person is to be erased, and let nothing more go to the addresses. Returns the Erasure.

    One that was begun and not finished goes on. Raises ErasureRefused while a legal hold lies on the record, and when it is
    gone.
    """
    contact = Contact.objects.select_for_update().filter(pk=contact.pk).first()
    if contact is None:
        raise ErasureRefused(_("The person is not there any more."))
    if LegalHold.objects.filter(contact=contact).exists():
        raise ErasureRefused(_("A legal hold lies on this person. Lift it first, if it may be lifted."))
    if begun := Erasure.objects.filter(digest="", numbers__contains=[contact.pk]).first():
        return begun
    person = person_of(contact)
    digests = sorted({ErasedAddress.digest_of(text) for text in person.emails | person.phones})
    erasure = Erasure.objects.create(
        numbers=person.numbers,
        prints=sorted(person.prints),
        digests=digests,
        cause=cause,
        by=by,
        by_name=f"{by} <{by.email}>"[:200] if by else "",
    )
    close(digests, erasure)
    return erasure


def close(digests, erasure):
    """Keep hashed addresses of a person who is gone: no import brings them back, no letter goes there."""
    ErasedAddress.objects.bulk_create(
        [ErasedAddress(digest=digest, erasure=erasure) for digest in digests], ignore_conflicts=True
    )
    for hear in _closers:
        hear(digests)
