"""Undo of an import into an own kind: made records go, changed ones get back what stood there, but for those since worked on."""

from django.db import IntegrityError, transaction
from django.utils.dateparse import parse_datetime

from contacts.imports import since
from contacts.models import ImportedRow
from crm.events import EventRow, record_many
from crm.models import ObjectRecord, User
from crm.objects import records
from crm.objects.relations import links_of, relations_of

Outcome, Undone = ImportedRow.Outcome, ImportedRow.Undone
LABEL = ObjectRecord._meta.label_lower
OWN_EVENT = "object.import_undone"


def take_back(run, batch, *, by):
    """Undo the lines of a batch, given from the last to the first. Returns counts."""
    stamps = {}
    for row in batch:
        if row.record_id:
            stamps.setdefault(row.record_id, row.at)
    busy = since.worked_on(run, ObjectRecord, stamps, since.latest_of(run, "record", list(stamps)))
    present = {row.pk: row for row in ObjectRecord._base_manager.select_for_update(of=["self"]).filter(pk__in=stamps)}
    back = []
    for row in batch:
        record = present.get(row.record_id)
        row.undone = _undone(row, record, busy, run, by)
        back += [record.pk] if record is not None and row.undone == Undone.RESTORED else []
    ImportedRow.objects.bulk_update(batch, ["undone"])
    data = {"file": run.file.name, "import": run.pk}
    record_many(
        [EventRow(OWN_EVENT, target_type=LABEL, target_id=pk, actor_id=by.pk, data=data) for pk in dict.fromkeys(back)]
    )
    made = sum(row.undone == Undone.REMOVED for row in batch)
    return {"removed": made, "restored": len(set(back)), "left": sum(row.undone == Undone.LEFT for row in batch)}


def _undone(row, record, busy, run, by):
    if row.record_id in busy:
        return Undone.LEFT
    if record is None:  # gone already
        return Undone.REMOVED
    if row.outcome == Outcome.CREATED:
        records.delete_record(record, by=by)
        return Undone.REMOVED
    try:
        with transaction.atomic():
            _restore(record, row.before, run)
    except IntegrityError:  # another record has by now what only one may have
        return Undone.LEFT
    return Undone.RESTORED


def _restore(record, before, run):
    for key, value in before["custom"].items():
        record.custom.pop(key, None)
        if value is not None:
            record.custom[key] = value
    record.title = before.get("title", record.title)
    if "owner" in before:
        record.owner = User.objects.filter(pk=before["owner"]).first()
        record.team_id = before["team"]
    record.version += 1
    record.save(update_fields=["custom", "title", "owner", "team", "version"])
    _restore_ties(record, before["ties"], run)
    # Earlier lines of the same record are judged by what it was then.
    ObjectRecord._base_manager.filter(pk=record.pk).update(updated_at=parse_datetime(before["updated_at"]))


def _restore_ties(record, before, run):
    for relation in relations_of(run.kind):
        if (kept := before.get(str(relation.pk))) is None:
            continue
        links = links_of(relation).filter(record=record.pk)
        links.exclude(target__in=kept).delete()
        here = set(links.values_list("target", flat=True))
        others = links.model._meta.get_field("target").related_model._base_manager.filter(pk__in=set(kept) - here)
        links.model.objects.bulk_create(
            [links.model(relation=relation, record=record, target=row, is_single=relation.is_single) for row in others]
        )
