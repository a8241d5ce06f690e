"""Tying records to others, and taking ties away."""

from django.db import transaction
from django.utils.translation import gettext as _

from crm import events
from crm.events import EventRow
from crm.models import ObjectRecord
from crm.objects.relations import links_of, target_named

MOST = 500  # ties of one relation that a record may have
# Whose timeline also tells of a tie.
PARTIES = ("contact", "company")


class TieRefused(ValueError):
    """The tie cannot be made; the message says why."""


@transaction.atomic
def tie(relation, record, other, *, by):
    """Tie a record to another one. Where one is the most, it takes the place of the former. Twice is once.

    Raises TieRefused.
    """
    # The lock lets two people who tie at once come one after the other.
    ObjectRecord.objects.select_for_update(of=["self"]).get(pk=record.pk)
    links = links_of(relation).filter(record=record.pk)
    if links.filter(target=other.pk).exists():
        return
    if relation.target == record.access_kind and other.pk == record.pk:
        raise TieRefused(_("A record cannot be tied to itself."))
    if relation.is_single:
        for link in links.select_related("target"):
            _untie(relation, record, link, by=by)
    elif links.count() >= MOST:
        raise TieRefused(
            _("“%(record)s” has %(n)s of these already: that is the most.") % {"record": record, "n": MOST}
        )
    links.model.objects.create(relation=relation, record=record, target=other, is_single=relation.is_single)
    _tell("object.tied", relation, record, other, by)


def tie_new(relation, pairs, *, by):
    """Tie records that were just made and have no ties yet: [(record, other)], each record once."""
    model = links_of(relation).model
    model.objects.bulk_create(
        [model(relation=relation, record=row, target=other, is_single=relation.is_single) for row, other in pairs]
    )
    party = f"{relation.target}_id" if relation.target in PARTIES else ""
    label = ObjectRecord._meta.label_lower
    events.record_many(
        [
            EventRow(
                "object.tied", target_type=label, target_id=row.pk, actor_id=by.pk, data={"label": relation.label},
                **({party: other.pk} if party else {}),
            )
            for row, other in pairs
        ]
    )  # fmt: skip


@transaction.atomic
def untie(relation, record, other, *, by):
    """Take a tie away. One that is gone already is no error.

    Raises TieRefused for the last one of a relation that must be filled in.
    """
    # Two people who take the last two away at once come one after the other.
    ObjectRecord.objects.select_for_update(of=["self"]).get(pk=record.pk)
    links = links_of(relation).filter(record=record.pk)
    link = links.filter(target=other.pk).select_related("target").first()
    if link is None:
        return
    if relation.is_required and links.count() == 1:
        text = _("“%(record)s” must have: %(relation)s. Link another one first, then take this link away.")
        if relation.is_single:
            text = _("“%(record)s” must have: %(relation)s. Replace the link instead of taking it away.")
        raise TieRefused(text % {"record": record, "relation": relation.label})
    _untie(relation, record, link, by=by)


def _untie(relation, record, link, *, by):
    link.delete()
    _tell("object.untied", relation, record, link.target, by)


def _tell(kind, relation, record, other, by):
    """The stream tells it on the record's page and, for people and companies, on theirs. It names no name of the other
    one: not everybody who sees the record may know it."""
    parties = {relation.target: other} if relation.target in PARTIES else {}
    events.record(kind, target=record, actor=by, label=relation.label, **parties)


def set_single(relation, record, other, *, by):
    """Make `other` the only one, or nobody."""
    target = target_named(relation.target)
    if other is not None:
        return tie(relation, record, other, by=by)
    for present in target.model.objects.filter(pk__in=links_of(relation).filter(record=record.pk).values("target")):
        untie(relation, record, present, by=by)
