"""Acts on records of the kinds that people define."""

from django.db import connection, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from crm import bulk, events, participants
from crm.events import EventRow
from crm.models import ObjectKind, ObjectRecord
from crm.objects import naming


class Taken(ValueError):
    """Another record of the kind has that already; the message names it to those who may see it."""

    def __init__(self, record, label, by):
        if by is None or ObjectRecord.objects.visible_to(by).filter(pk=record.pk).exists():
            text = _("“%(record)s” has the same: %(field)s. Open that record, or write something else.")
        else:
            text = _(
                "A record that you do not see has the same: %(field)s. Write something else, or ask an administrator."
            )
        super().__init__(text % {"record": record, "field": label})


@transaction.atomic
def create_record(kind, title, *, by, owner=None, custom=None, number=None):
    """Make a record; who makes it owns it unless another is named. Raises Taken."""
    row = ObjectRecord(kind_id=kind.pk, title=title[: naming.LONGEST], custom=custom or {})
    row.number = number or draw_numbers(kind, 1)[0]
    row.assign_to(owner or by)
    if not kind.pattern:
        refuse_twins(kind, title, row.custom, by=by)
    row.save()
    events.record("object.created", target=row, actor=by, title=row.title)
    return row


def draw_numbers(kind, n):
    """The next n numbers of a kind, in order. Its row is locked until the transaction ends: whoever makes many records
    draws their numbers in a transaction before."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {ObjectKind._meta.db_table} SET last_number = last_number + %s WHERE id = %s RETURNING last_number",  # noqa: S608
            [n, kind.pk],
        )
        (last,) = cursor.fetchone()
    return list(range(last - n + 1, last + 1))


def give_back(kind, numbers):
    """Numbers that were drawn and not needed, unless somebody has drawn the next ones since."""
    if numbers:
        rows = ObjectKind.objects.filter(pk=kind.pk, last_number=numbers[-1])
        rows.update(last_number=F("last_number") - len(numbers))


@transaction.atomic
def create_records(rows, *, by):
    """Write new records of one kind at once: with number, owner and team, and own fields as rules allow them.

    Raises IntegrityError when somebody wrote this moment what only one may have; nothing is written then.
    """
    for row in rows:
        row.follow()
    bulk.insert(rows)
    label = ObjectRecord._meta.label_lower
    events.record_many(
        [
            EventRow("object.created", target_type=label, target_id=row.pk, actor_id=by.pk, data={"title": row.title})
            for row in rows
        ]
    )


def twins_of(kind, values):
    """{value: record} of the records that have these values, of which only one may have each."""
    found = ObjectRecord.objects.of(kind).filter(unique_value__in=values) if values else []
    return {row.unique_value: row for row in found}


def refuse_twins(kind, title, custom, *, by, but=None):
    """Raise Taken when another record has what only one may have. Two who write it at once come one after the other."""
    value = naming.unique_value(kind, title, custom)
    if value is None:
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [kind.pk, value])
    twin = ObjectRecord.objects.of(kind).filter(unique_value=value).exclude(pk=but).first()
    if twin is not None:
        raise Taken(twin, unique_label(kind), by)


def unique_label(kind):
    """What it is called that no two records may share."""
    from crm.custom import definitions

    if kind.unique_by == "title":
        return kind.title_label
    return next((f.label for f in definitions.all_fields(kind.subject) if f.key == kind.unique_by), kind.unique_by)


@transaction.atomic
def change_title(record, title, *, by):
    """Call a record otherwise. The same name again records nothing. Raises Taken."""
    now = ObjectRecord.objects.select_for_update(of=["self"]).get(pk=record.pk)
    if now.title == title:
        return now
    if now.definition.unique_by == "title":
        refuse_twins(now.definition, title, now.custom, by=by, but=now.pk)
    before, now.title = now.title, title
    now.version += 1
    now.save(update_fields=["title", "version"])
    events.record("object.changed", target=now, actor=by, field="title", before=before, after=now.title)
    return now


@transaction.atomic
def assign(record, owner, *, by):
    """Give a record to somebody, or to nobody."""
    now = ObjectRecord.objects.select_for_update(of=["self"]).get(pk=record.pk)
    if now.owner_id == (owner.pk if owner else None):
        return now
    now.assign_to(owner)
    now.version += 1
    now.save(update_fields=["owner", "team", "version"])
    events.record("object.assigned", target=now, actor=by, to=str(owner or ""))
    return now


@transaction.atomic
def delete_record(record, *, by):
    """Delete a record with its ties. The stream keeps that it was there."""
    events.record("object.deleted", actor=by, title=record.title, what=record.definition.name)
    participants.forget(record)
    record.delete()
