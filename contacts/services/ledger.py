"""The seal of the consents: each row carries the keyed hash of what it says and of the row before it.

An altered row no longer fits its hash, a missing one leaves a gap, and where the end was cut off the chain's own record
of its length and head says so. Without the installation's key none of them can be made anew.
"""

from collections import defaultdict
from datetime import UTC

from django.db import transaction

from contacts.models import Consent, ConsentChain, Contact
from crm import bulk, keys
from crm.sight import as_it_is

_BETWEEN = "\x1f"
# In this order they are hashed: new ones go to the end, with the rows that have them.
_SAID = (
    "chain", "place", "previous", "purpose", "topic", "channel", "is_given", "law", "language", "text", "version_id", "shown",
    "source", "way", "point", "note", "address", "by_name",
)  # fmt: skip
BATCH = 1000
# Chains of merges have negative numbers, and so have those of one statement that can be taken away (`write_apart`).
FIRST = -(2**62)
APART = -(2**61)


def seal(consent):
    """Put a new row at the end of its chain, which is its person's unless it names one of its own (`chain`).

    The chain's own row is held until the transaction ends.
    """
    number = consent.contact_id if consent.chain is None else consent.chain
    chain, _new = ConsentChain.objects.select_for_update().get_or_create(number=number)
    consent.chain, consent.place, consent.previous = chain.number, chain.length + 1, chain.head
    consent.digest = digest_of(consent)
    chain.length, chain.head = consent.place, consent.digest
    chain.seal = _seal_of(chain)
    chain.save()


@as_it_is()
def digest_of(consent):
    """The keyed hash of all that a row says."""
    parts = [_plain(getattr(consent, name)) for name in _SAID]
    moment = consent.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return keys.lasting_digest("consent" + _BETWEEN + _BETWEEN.join([*parts, moment]))


def _plain(value):
    if isinstance(value, bool):
        return str(int(value))
    # The mark between the parts cannot stand in one of them.
    return "" if value is None else str(value).replace(_BETWEEN, " ")


def _seal_of(chain):
    return keys.lasting_digest(_BETWEEN.join(["chain", str(chain.number), str(chain.length), chain.head]))


def write_apart(rows):
    """Write many new statements at once, each in a chain of its own: what an import states goes when it is undone."""
    rows = list(rows)
    numbers = bulk.draw_numbers("contacts_consent_id_seq", len(rows))
    chains = []
    for row, number in zip(rows, numbers, strict=True):
        row.pk, row.chain, row.place, row.previous = number, APART - number, 1, ""
        row.digest = digest_of(row)
        chain = ConsentChain(number=row.chain, length=1, head=row.digest)
        chain.seal = _seal_of(chain)
        chains.append(chain)
    bulk.insert(chains)
    bulk.insert(rows)


def take_away(rows):
    """Take statements away, given as a queryset, that `write_apart` wrote. Others stay."""
    apart = rows.filter(chain__lte=APART)
    ConsentChain.objects.filter(number__in=list(apart.values_list("chain", flat=True))).delete()
    apart.delete()


def faults_of(contact):
    """{row's key or None: what is wrong} of the chains in which this person's statements stand; {} when all is well.

    Faults: "altered" (the row says something else than was sealed), "gap" (a row before it is gone), "cut" (rows at the
    end are gone), "unsealed" (written past the program, not sealed yet).
    """
    rows = list(contact.consents.all())
    faults = {row.pk: "unsealed" for row in rows if not row.digest}
    chains = defaultdict(list)
    for row in rows:
        if row.digest:
            chains[row.chain].append(row)
    ends = ConsentChain.objects.in_bulk([*chains, contact.pk])
    for number in {*chains, *(ends.keys() & {contact.pk})}:
        faults |= _faults_in(sorted(chains[number], key=lambda row: row.place), ends.get(number))
    return faults


def _faults_in(rows, end):
    faults, before, place = {}, "", 0
    for row in rows:
        if row.digest != digest_of(row):
            faults[row.pk] = "altered"
        elif row.place != place + 1 or row.previous != before:
            faults[row.pk] = "gap"
        before, place = row.digest, row.place
    if end is None or end.seal != _seal_of(end) or (end.length, end.head) != (place, before):
        faults[None] = "cut"
    return faults


def seal_rest(limit=BATCH):
    """Seal rows that came past the program (COPY, rows of before). Returns how many were sealed."""
    with transaction.atomic():
        rows = list(Consent.objects.filter(digest="").select_for_update(skip_locked=True).order_by("id")[:limit])
        held = ConsentChain.objects.filter(number__in={row.contact_id for row in rows}).select_for_update()
        chains = {chain.number: chain for chain in held.order_by("number")}
        for row in rows:
            chain = chains.setdefault(row.contact_id, ConsentChain(number=row.contact_id))
            row.chain, row.place, row.previous = chain.number, chain.length + 1, chain.head
            row.digest = digest_of(row)
            chain.length, chain.head = row.place, row.digest
            chain.seal = _seal_of(chain)
        Consent.objects.bulk_update(rows, ["chain", "place", "previous", "digest"])
        ConsentChain.objects.bulk_create(
            chains.values(),
            update_conflicts=True,
            unique_fields=["number"],
            update_fields=["length", "head", "seal"],
        )
    return len(rows)


def broken_chains(after=FIRST, limit=BATCH):
    """(keys of people whose statements are not as they were sealed, key to go on from or None). A person who is gone has
    taken the rows along; the chain's end stays and is no fault."""
    batch = list(ConsentChain.objects.filter(number__gt=after).order_by("number")[:limit])
    numbers = [chain.number for chain in batch]
    rows = defaultdict(list)
    for row in Consent.objects.filter(chain__in=numbers).order_by("chain", "place"):
        rows[row.chain].append(row)
    there = set(Contact.objects.filter(pk__in=numbers).values_list("pk", flat=True))
    broken = [
        chain.number
        for chain in batch
        if (rows[chain.number] or chain.number in there) and _faults_in(rows[chain.number], chain)
    ]
    return broken, numbers[-1] if len(batch) == limit else None
