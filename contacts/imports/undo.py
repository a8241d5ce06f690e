"""Undo of an import: what it created goes, what it changed comes back, except what people have worked on since."""

from datetime import date

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from contacts.models import Contact, ContactPoint, ImportedRow, ImportRun
from crm import jobs
from crm.models import Event

BATCH = 500
Outcome = ImportedRow.Outcome


@jobs.job("contacts.import_undo", gettext_lazy("Undo of an import"), icon="arrow-back-up")
def undo_import(run):
    """Job: undo. Result: counts, and how many were left because somebody worked on them since."""
    row = ImportRun.objects.get(pk=run.params["import"])
    rows = ImportedRow.objects.filter(run=row, outcome__in=[Outcome.CREATED, Outcome.UPDATED])
    run.start(rows.count())
    # Updates are taken back from the last to the first: one contact may stand in several lines.
    last = run.checkpoint.get("line")
    while batch := list((rows.filter(line__lt=last) if last else rows).order_by("-line")[:BATCH]):
        with transaction.atomic():
            counts = _take_back(row, batch)
            last = batch[-1].line
            run.advance(len(batch), checkpoint={"line": last}, **counts)
    row.state = ImportRun.State.UNDONE
    row.save(update_fields=["state"])
    done = run.row.counters
    return {
        "rows": [
            [_("Removed"), done.get("removed", 0)],
            [_("Restored"), done.get("restored", 0)],
            [_("Left, because somebody worked on them since"), done.get("left", 0)],
        ],
        "url": row.get_absolute_url(),
        "url_label": _("Open the import"),
    }


def worked_on(run, contact_ids):
    """Keys of contacts with which something happened after the import."""
    later = Event.objects.filter(contact_id__in=contact_ids, occurred_at__gt=run.finished_at or run.created_at)
    touched = set(later.exclude(kind="contact.imported").values_list("contact_id", flat=True))
    changed = Contact.objects.filter(pk__in=contact_ids, updated_at__gt=run.finished_at or run.created_at)
    return touched | set(changed.values_list("pk", flat=True))


def _take_back(run, batch):
    ids = [row.contact_id for row in batch if row.contact_id]
    busy = worked_on(run, ids)
    created = [row.contact_id for row in batch if row.outcome == Outcome.CREATED and row.contact_id not in busy]
    removed = len([pk for pk in created if pk])
    Contact.objects.filter(pk__in=[pk for pk in created if pk]).delete()
    restored = sum(_restore(row) for row in batch if row.outcome == Outcome.UPDATED and row.contact_id not in busy)
    return {"removed": removed, "restored": restored, "left": len(busy.intersection(ids))}


def _restore(row):
    """Put back what an update wrote over. The addresses it added go with it."""
    before = dict(row.before)
    contact = Contact.objects.filter(pk=row.contact_id).first()
    if contact is None or not before:
        return 0
    employments = before.pop("employments", [])
    for name, value in before.items():
        setattr(contact, name, date.fromisoformat(value) if name == "birthday_on" and value else value)
    stamp = contact.updated_at
    contact.save()
    Contact.objects.filter(pk=contact.pk).update(updated_at=stamp)
    added = ContactPoint.objects.filter(
        contact=contact, created_at__gte=row.run.created_at, created_at__lte=row.run.finished_at
    )
    added.delete()
    contact.employments.exclude(pk__in=[pk for pk, _main in employments]).delete()
    contact.employments.update(is_primary=False)
    contact.employments.filter(pk__in=[pk for pk, main in employments if main]).update(is_primary=True)
    return 1
