"""Who a person is, as far as tables are concerned: the numbers of the record, and what it was called and reached by."""

from dataclasses import dataclass, field

from contacts.models import Contact, ContactPoint, Erasure, Merge
from crm import audit, keys

# Shorter ones are found in half of all texts.
TELLING = 6


@dataclass
class Person:
    """Numbers of the record and of those merged into it; addresses and phones, also former ones; full names."""

    numbers: list
    emails: set = field(default_factory=set)
    phones: set = field(default_factory=set)
    names: set = field(default_factory=set)
    prints: set = field(default_factory=set)

    @property
    def telling(self):
        """Texts by which the person is recognised for certain wherever they stand."""
        return sorted(text for text in self.emails | self.phones if len(text) >= TELLING)

    @property
    def texts(self):
        """What is taken out of texts that others have a part in: that, and the full names."""
        return [*self.telling, *sorted(self.names)]


def person_of(contact):
    """The person behind a record, with everything it was before."""
    numbers = [contact.pk, *_merged_into(contact.pk)]
    person = Person(numbers)
    versions = audit.versions(Contact).filter(pgh_obj_id__in=numbers)
    for row in [contact, *versions]:
        _learn(person, row)
        person.prints.add(print_of(row.pk if row is contact else row.pgh_obj_id, row.created_at))
    points = list(ContactPoint.objects.filter(contact__in=numbers))
    points += audit.versions(ContactPoint).filter(contact__in=numbers)
    for point in points:
        _learn_point(person, point)
    return person


def print_of(number, created_at):
    """The keyed hash by which a record is known in a restored database, where its number may be another's."""
    return keys.lasting_digest(f"contact:{number}:{created_at.timestamp():.6f}")


def of_erasure(erasure):
    """The person of an erasure that was broken off: the numbers, and what is still there of the rest."""
    contact = Contact.objects.filter(pk__in=erasure.numbers).first()
    if contact is None:
        return Person(list(erasure.numbers), prints=set(erasure.prints))
    person = person_of(contact)
    person.numbers = list(dict.fromkeys([*person.numbers, *erasure.numbers]))
    return person


def unfinished():
    return Erasure.objects.filter(digest="")


def _merged_into(number):
    rows = Merge.objects.filter(contact=number, undone_at=None)
    return list(dict.fromkeys(rows.order_by("pk").values_list("gone_id", flat=True)))


def _learn(person, row):
    if row.email:
        person.emails.add(row.email.casefold())
    if row.phone:
        person.phones.add(row.phone)
    first, middle, last = row.first_name, row.middle_name, row.last_name
    for name in (f"{first} {last}", f"{last} {first}", f"{first} {middle} {last}"):
        # One word alone is many people's.
        if len(name.split()) > 1:
            person.names.add(" ".join(name.split()))


def _learn_point(person, point):
    if point.kind == ContactPoint.Kind.EMAIL:
        person.emails.add(point.value.casefold())
    else:
        person.phones.add(point.value)
    if norm := getattr(point, "norm", ""):
        (person.emails if point.kind == ContactPoint.Kind.EMAIL else person.phones).add(norm)
