"""Pairs of people: weighed with what is frequent among everybody, kept, hung together, merged when they are certain."""

from collections import Counter

from django.db import connection
from rapidfuzz.distance import JaroWinkler

from contacts.models import Contact, ContactPair, ContactPoint
from contacts.services import merging
from contacts.services.duplicates.names import latin
from contacts.services.duplicates.records import Table, fold
from crm import bulk
from crm.text import sort_key

# What a person is asked to decide.
REVIEW = 0.7
ALIKE = 0.9
_COUNTED = {
    "given_name": "first_name", "surname": "last_name", "date_of_birth": "birthday_on", "suburb": "city", "address_1": "street",
    "postcode": "postcode",
}  # fmt: skip
_FIELDS = (
    "pk",
    "first_name",
    "middle_name",
    "last_name",
    "birthday_on",
    "street",
    "city",
    "postcode",
    "region",
    "email",
    "phone",
    "company__name",
)


class Frequencies:
    """How many of `n` people share a value, of the values that are shared at all; `over` is how many were counted."""

    def __init__(self, n, by_field, over):
        self.n, self.by_field, self.over = n, by_field, over

    @classmethod
    def usual(cls):
        """What is usual anywhere, without counting: for one person at a time."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT greatest(reltuples, 1000)::bigint FROM pg_class WHERE oid = 'contacts_contact'::regclass"
            )
            return cls(cursor.fetchone()[0], {}, 0)

    @classmethod
    def counted(cls):
        """Counted in the database; only what at least three people share comes over, the most frequent first."""
        by_field = {}
        with connection.cursor() as cursor:
            for name, column in _COUNTED.items():
                cursor.execute(
                    f'SELECT "{column}"::text, count(*) FROM contacts_contact WHERE "{column}" IS NOT NULL'
                    " GROUP BY 1 HAVING count(*) > 2 ORDER BY 2 DESC LIMIT 200000"
                )
                by_field[name] = Counter()
                for value, n in cursor.fetchall():
                    by_field[name][fold(name, value)] += n
            cursor.execute("SELECT count(*) FROM contacts_contact")
            n = cursor.fetchone()[0]
        return cls(max(n, 2), by_field, n)


def keep(couples, frequencies):
    """Weigh pairs of keys of people and keep those worth a look. Returns how many."""
    import numpy as np

    from contacts.services.duplicates.weighing import weigh

    people, shared = _people({pk for couple in couples for pk in couple})
    couples = [(a, b) for a, b in couples if a in people and b in people]
    if not couples:
        return 0
    records = [record for a, b in couples for record in _records(people[a], people[b], shared)]
    first = np.arange(0, len(records), 2)
    pairs = weigh(Table(records), first, first + 1, least=REVIEW, frequencies=frequencies)
    rows = [
        ContactPair(first_id=a, second_id=b, score=pair.score, reasons=list(pair.fields))
        for pair in pairs
        for a, b in [sorted((int(pair.a), int(pair.b)))]
        if ["email", "same"] in pair.fields
        or ["phone", "same"] in pair.fields
        or not _are_namesakes(people[a], people[b])
    ]
    ContactPair.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["first", "second"],
        update_fields=["score", "reasons"],
        batch_size=2000,
    )
    return len(rows)


def _are_namesakes(one, other):
    """Whether both have a middle name or patronymic, and not one that could be the other's, as an initial could."""
    first, second = (latin(sort_key(person["middle_name"])).strip(". ") for person in (one, other))
    if not first or not second or first.startswith(second) or second.startswith(first):
        return False
    return JaroWinkler.similarity(first, second) < ALIKE


def _people(ids):
    rows = Contact.objects.filter(pk__in=bulk.among(ids, "bigint")).values(*_FIELDS)
    people = {row["pk"]: row for row in rows}
    points = ContactPoint.objects.filter(contact__in=bulk.among(ids, "bigint")).values_list(
        "contact_id", "kind", "norm"
    )
    shared = {}
    for pk, kind, norm in points:
        shared.setdefault((pk, kind), set()).add(norm)
    return people, shared


def _records(one, other, points):
    """Both as the weighing knows people: of several addresses the one that both have."""
    common = {
        kind: next(iter(sorted(points.get((one["pk"], kind), set()) & points.get((other["pk"], kind), set()))), None)
        for kind in ("email", "phone")
    }
    for person in (one, other):
        yield {
            "id": person["pk"],
            "given_name": person["first_name"],
            "surname": person["last_name"],
            "date_of_birth": person["birthday_on"] or "",
            "address_1": person["street"],
            "suburb": person["city"],
            "postcode": person["postcode"],
            "state": person["region"],
            "email": common["email"] or person["email"],
            "phone": common["phone"] or person["phone"],
            "company": person["company__name"] or "",
        }


def note_clusters(model):
    """Give pairs that hang together the lowest key among their records."""
    parent = {}

    def root(pk):
        while parent.setdefault(pk, pk) != pk:
            parent[pk] = parent[parent[pk]]
            pk = parent[pk]
        return pk

    pairs = list(model.objects.open().values_list("pk", "first_id", "second_id", "cluster"))
    for _pk, first, second, _cluster in pairs:
        low, high = sorted((root(first), root(second)))
        parent[high] = low
    changed = [model(pk=pk, cluster=root(first)) for pk, first, _second, was in pairs if was != root(first)]
    model.objects.bulk_update(changed, ["cluster"], batch_size=2000)
    return len(changed)


def merge_certain(settings):
    """Merge open pairs at or above the bar, the older record kept. Returns how many."""
    merged = 0
    for pk in list(ContactPair.objects.open().filter(score__gte=settings.least_score).values_list("pk", flat=True)):
        pair = ContactPair.objects.open().filter(pk=pk, score__gte=settings.least_score).first()
        if pair is None:  # an earlier merge of the same cluster took it along
            continue
        try:
            merging.merge_records(Contact, pair.first_id, pair.second_id, by=None, score=pair.score)
            merged += 1
        except merging.MergeRefused:
            continue
    return merged
