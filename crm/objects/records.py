"""Acts on records of the kinds that people define."""

from django.db import connection, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from crm import events, participants
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
    row.number = number or _next_number(kind)
    row.assign_to(owner or by)
    if not kind.pattern:
        refuse_twins(kind, title, row.custom, by=by)
    row.save()
    events.record("object.created", target=row, actor=by, title=row.title)
    return row


def _next_number(kind):
    ObjectKind.objects.filter(pk=kind.pk).update(last_number=F("last_number") + 1)
    return ObjectKind.objects.values_list("last_number", flat=True).get(pk=kind.pk)


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
