"""Erasures repeated in a database that was restored from an older backup.

The certificates in the storage (or in a file that was kept elsewhere) name the numbers of records with a keyed hash of
number and moment of their making: in a restored database the same number may by now be somebody else's.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import F, Func

from contacts.models import Contact, Erasure
from contacts.services.privacy import certificates
from contacts.services.privacy.beginning import close
from contacts.services.privacy.erasing import erase
from contacts.services.privacy.person import person_of, print_of

_MOMENTS = ("started_at", "finished_at")


def replay(documents):
    """Bring back what the database does not know: certificates, hashed addresses, and people to be erased again.

    Returns {certificates, people}: how many of each. Twice is once.
    """
    known = [_known(document) for document in sorted(documents, key=lambda one: one["finished_at"])]
    # All of them first: what is sealed anew goes to the end of the whole chain.
    people = sum(_again(erasure) for erasure, _new in known)
    return {"certificates": sum(new for _erasure, new in known), "people": people}


def restore():
    """The hourly look: what the storage knows and the database does not comes back, and who is there again is erased again.

    Returns the numbers of the certificates that are not as they were sealed.
    """
    broken = []
    for document in missing():
        try:
            _known(document)
        except ValueError:
            broken.append(document["uuid"])
    for erasure in _of_people_there_again():
        _again(erasure)
    return broken


def _of_people_there_again():
    numbers = certificates.sealed().order_by().annotate(number=Func(F("numbers"), function="unnest")).values("number")
    there = list(Contact.objects.filter(pk__in=numbers).values_list("pk", flat=True))
    return list(certificates.sealed().filter(numbers__overlap=there)) if there else []


def missing():
    """Certificates in the storage of which the database knows nothing: a backup was restored."""
    return certificates.written(without=set(map(str, certificates.sealed().values_list("uuid", flat=True))))


@transaction.atomic
def _known(document):
    erasure = Erasure.objects.filter(uuid=document["uuid"], digest=document["digest"]).first()
    if erasure is not None:
        return erasure, False
    # Begun before the backup and finished after it: the certificate says how it ended.
    Erasure.objects.filter(uuid=document["uuid"]).delete()
    values = {k: datetime.fromisoformat(v) if k in _MOMENTS else v for k, v in document.items()}
    erasure = Erasure(**values)
    if not certificates.is_sound(erasure):
        raise ValueError(document["uuid"])
    erasure.save()
    close(erasure.digests, erasure)
    return erasure, True


def _again(erasure):
    """Erase the records of a certificate that are there once more. Returns how many."""
    n = 0
    for contact in Contact.objects.filter(pk__in=erasure.numbers):
        if print_of(contact.pk, contact.created_at) in erasure.prints:
            erase(_begin(contact))
            n += 1
    return n


@transaction.atomic
def _begin(contact):
    """A hold laid before the backup does not stop what was done after it was lifted."""
    person = person_of(contact)
    begun = Erasure.objects.filter(digest="", numbers__contains=[contact.pk]).first()
    return begun or Erasure.objects.create(
        numbers=person.numbers, prints=sorted(person.prints), cause=Erasure.Cause.REPLAY
    )
