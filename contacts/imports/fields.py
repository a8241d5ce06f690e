"""What a file says, written onto a record, and what stood there before."""

from datetime import date

from contacts.imports.targets import written
from contacts.models import ExternalId
from crm import custom


def fields_written(on):
    """The fields of a person or company that imports write straight onto it."""
    return [*written(on), "custom"]


def say(record, said, kinds, *, overwrites, left=None):
    """Write values by the name of their target onto the record; without `overwrites` only where nothing stands.

    `kinds` are all targets by name. What a rule forbids now is not written; `left` is told why. Returns whether anything
    changed.
    """
    changed, own = False, {}
    for name, value in said.items():
        item = kinds[name]
        if item.attr:
            now = getattr(record, item.attr)
            if now != value and (overwrites or now in (None, "")):
                setattr(record, item.attr, value)
                changed = True
        elif item.custom:
            now = record.custom.get(item.custom)
            if now != value and (overwrites or now in (None, "", [])):
                own[item.custom] = value
    if own:
        own, refused = custom.permitted(record, own)
        if left is not None:
            left += refused.values()
        record.custom = record.custom | own
    return changed or bool(own)


def snapshot_of(record, on):
    """The fields that an import may write over, as JSON."""
    found = {name: getattr(record, name) for name in fields_written(on)}
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in found.items()} | {
        "updated_at": record.updated_at.isoformat()
    }


def restore(record, before):
    """Write a snapshot back onto the record."""
    for name, value in before.items():
        field = record._meta.get_field(name)
        setattr(record, name, field.to_python(value) if value is not None else None)


def note_external_ids(run, kind, pairs):
    """Note numbers of the other system, as (key of the record, number); a number that leads elsewhere stays there."""
    rows = [ExternalId(system=run.system, value=str(value), **{f"{kind}_id": pk}) for pk, value in pairs]
    ExternalId.objects.bulk_create(rows, ignore_conflicts=True)
