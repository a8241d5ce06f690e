"""Rules for the rows of contacts themselves."""

from django.db.models import F, Q

from contacts.models import (
    Company,
    CompanyLink,
    CompanyPair,
    Consent,
    ConsentChain,
    Contact,
    ContactLink,
    ContactPair,
    ContactPoint,
    Employment,
    ImportedCompany,
    LegalHold,
    LetterParty,
)
from contacts.services.merging.fields import merged_values
from contacts.services.merging.pointers import Reference, rule
from crm.models import Delivery, Event


@rule(Contact, ContactPoint)
def points_of_both(changes, kept, gone):
    """Addresses of both; of one that both have, whatever is known: opted out or dead by one is so for the other."""
    _twins_of_points(changes, kept, gone, "contact_id")
    values = merged_values(kept, gone, changes.merge.choices)
    for kind in ("email", "phone"):
        rows = list(ContactPoint.objects.filter(contact__in=[kept, gone], kind=kind).order_by("pk"))
        chosen = [p for p in rows if values[kind] in ((p.norm, p.value) if kind == "email" else (p.value[:40],))]
        _one_main(changes, ContactPoint, rows, chosen)
    for kind in {p.kind for p in ContactPoint.objects.filter(contact=gone)} - {"email", "phone"}:
        rows = list(ContactPoint.objects.filter(contact__in=[kept, gone], kind=kind).order_by("pk"))
        _one_main(changes, ContactPoint, rows, sorted(rows, key=lambda p: (not p.is_primary, p.contact_id != kept.pk)))
    _move(changes, ContactPoint, "contact_id", kept, gone)


@rule(Company, ContactPoint)
def points_of_both_companies(changes, kept, gone):
    _twins_of_points(changes, kept, gone, "company_id")
    for kind in ContactPoint.Kind.values:
        rows = list(ContactPoint.objects.filter(company__in=[kept, gone], kind=kind).order_by("pk"))
        _one_main(changes, ContactPoint, rows, sorted(rows, key=lambda p: (not p.is_primary, p.company_id != kept.pk)))
    _move(changes, ContactPoint, "company_id", kept, gone)


def _twins_of_points(changes, kept, gone, column):
    mine = {(p.kind, p.norm): p for p in ContactPoint.objects.filter(**{column: kept.pk})}
    for point in ContactPoint.objects.filter(**{column: gone.pk}).order_by("pk"):
        twin = mine.get((point.kind, point.norm))
        if twin is None:
            continue
        known = ("verified_at", "bounced_at", "opted_out_at", "label")
        news = {name: getattr(point, name) for name in known if getattr(point, name) and not getattr(twin, name)}
        if news:
            changes.update(ContactPoint, [twin.pk], **news)
        changes.delete(ContactPoint, [point.pk])


def _one_main(changes, model, rows, chosen):
    """Make the first of `chosen` the only main one of `rows`, before they come together."""
    main = chosen[0].pk if chosen else None
    others = [row.pk for row in rows if row.is_primary and row.pk != main]
    changes.update(model, others, is_primary=False)
    if chosen and not chosen[0].is_primary:
        changes.update(model, [main], is_primary=True)


@rule(Contact, Employment)
def roles_of_both(changes, kept, gone):
    """The roles of both; the main one is in the company that the one record says."""
    _once(changes, Employment, "contact_id", ("company_id", "role"), kept, gone)
    rows = list(Employment.objects.filter(contact__in=[kept, gone]).order_by("pk"))
    company = merged_values(kept, gone, changes.merge.choices)["company_id"]
    there = [row for row in rows if row.company_id == company]
    _one_main(changes, Employment, rows, sorted(there, key=lambda row: not row.is_primary))
    _move(changes, Employment, "contact_id", kept, gone)


@rule(Company, Employment)
def roles_in_both(changes, kept, gone):
    """The roles of a person who had the same one in both are one; it is the main one when either was."""
    for twin, row in _once(changes, Employment, "company_id", ("contact_id", "role"), kept, gone):
        if row.is_primary and not twin.is_primary:
            changes.update(Employment, [twin.pk], is_primary=True)
    _move(changes, Employment, "company_id", kept, gone)


@rule(Contact, LegalHold)
def hold_of_either(changes, kept, gone):
    """A hold on one of two lies on the one that stays."""
    if LegalHold.objects.filter(contact=kept).exists():
        changes.delete(LegalHold, LegalHold.objects.filter(contact=gone).values_list("pk", flat=True))
    _move(changes, LegalHold, "contact_id", kept, gone)


@rule(Company, ImportedCompany)
def imports_of_both(changes, kept, gone):
    """What an import that knew both noted stands once. Its undo leaves the company: the merge is work on it."""
    _once(changes, ImportedCompany, "company_id", ("run_id",), kept, gone)
    _move(changes, ImportedCompany, "company_id", kept, gone)


@rule(Contact, ContactLink)
def ties_of_both(changes, kept, gone):
    """What records of own kinds are tied to; a record that was tied to both is tied once."""
    _once(changes, ContactLink, "target_id", ("relation_id", "record_id"), kept, gone)
    _move(changes, ContactLink, "target_id", kept, gone)


@rule(Company, CompanyLink)
def ties_of_both_companies(changes, kept, gone):
    _once(changes, CompanyLink, "target_id", ("relation_id", "record_id"), kept, gone)
    _move(changes, CompanyLink, "target_id", kept, gone)


def _once(changes, model, column, names, kept, gone):
    """Take away rows of the one that goes which the other has too: pairs of what stays and what went."""
    mine = {tuple(getattr(row, n) for n in names): row for row in model.objects.filter(**{column: kept.pk})}
    found = []
    for row in model.objects.filter(**{column: gone.pk}).order_by("pk"):
        if twin := mine.get(tuple(getattr(row, n) for n in names)):
            changes.delete(model, [row.pk])
            found.append((twin, row))
    return found


@rule(Contact, LetterParty)
def letters_with_both(changes, kept, gone):
    """A personal letter to both stands once with the one that stays."""
    _once(changes, LetterParty, "contact_id", ("letter_id",), kept, gone)
    _move(changes, LetterParty, "contact_id", kept, gone)


@rule(Company, LetterParty)
def letters_with_both_companies(changes, kept, gone):
    _once(changes, LetterParty, "company_id", ("letter_id",), kept, gone)
    _move(changes, LetterParty, "company_id", kept, gone)


@rule(Contact, Consent)
def newest_provable_choice(changes, kept, gone):
    """The ledger of both. Where the two disagree, a consent counts only with proof; without it stands the refusal."""
    newest = [_newest(one) for one in (kept, gone)]
    _move(changes, Consent, "contact_id", kept, gone)
    stated = []
    for key in newest[0].keys() & newest[1].keys():
        last, other = sorted((side[key] for side in newest), key=lambda c: (c.at, c.pk), reverse=True)
        if last.is_given and not other.is_given and not _is_provable(last):
            purpose, topic, channel = key
            row = Consent(contact=kept, purpose=purpose, topic=topic, channel=channel, is_given=False, source="merge")
            row.way, row.chain = Consent.Way.MERGE, -changes.merge.pk
            row.save()
            stated.append(row)
    if stated:
        changes.made(*stated, ConsentChain.objects.get(pk=-changes.merge.pk))


def _newest(contact):
    rows = Consent.objects.filter(contact=contact).order_by("at", "pk")
    return {(c.purpose, c.topic, c.channel): c for c in rows}


def _is_provable(consent):
    """Whether the person proved it, or the words are kept with where or from which address they were agreed to."""
    return consent.is_proved or bool(consent.text and (consent.source or consent.address))


@rule(Contact, ContactPair)
def pairs_of_both(changes, kept, gone):
    _pairs(changes, ContactPair, kept, gone)


@rule(Company, CompanyPair)
def pairs_of_both_companies(changes, kept, gone):
    _pairs(changes, CompanyPair, kept, gone)


def _pairs(changes, model, kept, gone):
    """Pairs with third records: those of the one that goes are the other's now; "never" outweighs an open pair."""
    changes.delete(model, model.objects.of(kept.pk, gone.pk).values_list("pk", flat=True))
    mine = {}
    for pair in model.objects.filter(Q(first=kept) | Q(second=kept)):
        mine[pair.first_id + pair.second_id - kept.pk] = pair
    for pair in model.objects.filter(Q(first=gone) | Q(second=gone)).order_by("pk"):
        third = pair.first_id + pair.second_id - gone.pk
        twin = mine.get(third)
        if twin is None:
            first, second = sorted([third, kept.pk])
            changes.update(model, [pair.pk], first_id=first, second_id=second)
            continue
        if pair.state == model.State.NEVER and twin.state != model.State.NEVER:
            changes.update(model, [twin.pk], state=pair.state, by_id=pair.by_id, decided_at=pair.decided_at)
        changes.delete(model, [pair.pk])


def _move(changes, model, column, kept, gone):
    changes.move(Reference(model, column), gone.pk, kept.pk)


@rule(Contact, Delivery, late=True)
def letters_of_both(changes, kept, gone):
    """Letters go on to the one that stays. A worker that has prepared one for the other must begin again.

    A letter that is just being handed over is only pointed at the other: its worker knows it by its number and fence.
    """
    theirs = Delivery.objects.filter(contact_id=gone.pk)
    theirs.filter(state=Delivery.State.CLAIMED).update(
        state=Delivery.State.QUEUED, fence=F("fence") + 1, lease_until=None
    )
    _move(changes, Delivery, "contact_id", kept, gone)
    changes.move(Reference(Delivery, "target_id", pair=True), gone.pk, kept.pk)


def gather_stragglers(merge):
    """Point at the kept record what was written for the other by somebody who had not heard of the merge yet.

    Only plain numbers can be late: a row with a key waits for the lock on the record.
    """
    if merge.undone_at or not (lives_in := merge.contact_id or merge.company_id):
        return 0
    column = "contact_id" if merge.contact_id else "company_id"
    moved = Event.objects.filter(**{column: merge.gone_id}).update(**{column: lives_in})
    if merge.contact_id:
        moved += Delivery.objects.filter(contact_id=merge.gone_id).update(contact_id=lives_in)
    return moved
