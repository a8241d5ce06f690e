"""Undo of an import: what it created goes, what it changed comes back, except what people have worked on since."""

from django.db import transaction
from django.db.models import Max
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from contacts.imports import object_undo, refusals, since
from contacts.imports.batch import DERIVED
from contacts.imports.fields import fields_written, restore
from contacts.imports.targets import COMPANY, PERSON
from contacts.models import Company, Contact, ContactPoint, Employment, ImportedRow, ImportRun, Requisite
from contacts.services.lifecycle import acting
from crm import bulk, jobs
from crm.events import EventRow, record_many

BATCH = 500
Outcome, Undone = ImportedRow.Outcome, ImportedRow.Undone


def _let_go(job):
    """An undo that broke off leaves the import as it was before: it can be undone again, or gone on with."""
    under_way = ImportRun.objects.filter(pk=job.params["import"], state=ImportRun.State.UNDOING)
    under_way.update(state=job.params.get("was", ImportRun.State.DONE))


@jobs.job("contacts.import_undo", gettext_lazy("Undo of an import"), icon="arrow-back-up", ended=_let_go)
def undo_import(run):
    """Job: undo. Result: counts, and how many were left because somebody worked on them since."""
    row = ImportRun.objects.select_related("file", "by", "kind").get(pk=run.params["import"])
    # Updates are taken back from the last to the first: one contact may stand in several lines.
    rows = row.rows.filter(outcome__in=[Outcome.CREATED, Outcome.UPDATED], undone="").order_by("-line")
    run.start(rows.count())
    while batch := list(rows[:BATCH]):
        with transaction.atomic():
            counts = (object_undo.take_back if row.kind_id else _take_back)(row, batch, by=run.by)
            run.advance(len(batch), checkpoint={"line": batch[-1].line}, **counts)
    companies = _take_back_companies(row)
    row.state = ImportRun.State.UNDONE
    row.save(update_fields=["state"])
    done = run.row.counters
    labelled = [
        [_("Removed"), done.get("removed", 0)],
        [_("Restored"), done.get("restored", 0)],
        [_("Left, because somebody worked on them since"), done.get("left", 0)],
    ]
    if companies["removed"] or companies["left"]:
        labelled += [[_("Companies removed"), companies["removed"]], [_("Companies left"), companies["left"]]]
    return {"rows": labelled, "url": row.get_absolute_url(), "url_label": _("Open the import")}


def _take_back(run, batch, *, by):
    stamps = {}
    for row in batch:  # from the last line to the first
        if row.contact_id:
            stamps.setdefault(row.contact_id, row.at or run.finished_at)
    busy = since.worked_on(run, Contact, stamps, since.latest_of(run, "contact", list(stamps)))
    for row in batch:
        row.undone = Undone.LEFT if row.contact_id in busy else Undone.RESTORED if row.before else Undone.REMOVED
    removed = {row.contact_id for row in batch if row.outcome == Outcome.CREATED and row.contact_id} - busy
    refusals.take_back({row.contact_id for row in batch if row.contact_id} - busy, {row.at for row in batch})
    _restore([row for row in batch if row.undone == Undone.RESTORED and row.contact_id], run, by=by)
    ImportedRow.objects.bulk_update(batch, ["undone"])
    Contact.objects.filter(pk__in=removed).delete()
    restored = {row.contact_id for row in batch if row.undone == Undone.RESTORED}
    return {"removed": len(removed), "restored": len(restored), "left": len(busy)}


def _restore(rows, run, *, by):
    """Put back what updates wrote over. The addresses and roles they added go with them."""
    contacts = {c.pk: c for c in Contact.objects.filter(pk__in={row.contact_id for row in rows}).select_for_update()}
    kept, jobs_before, stamps = {}, {}, set()
    for row in rows:
        before = dict(row.before)
        kept[row.contact_id] = before.pop("points", [])
        jobs_before[row.contact_id] = before.pop("employments", [])
        stamps.add(row.at)
        contact = contacts[row.contact_id]
        contact.company_id = before.pop("company_id", None)
        contact.updated_at = parse_datetime(before.pop("updated_at")) if "updated_at" in before else contact.updated_at
        restore(contact, before)
        contact.name_key = Contact.key_of(contact.first_name, contact.middle_name, contact.last_name, contact.email)
    with acting(by, "import"):
        bulk.update(contacts.values(), [*fields_written(PERSON), *DERIVED])
    added = ContactPoint.objects.filter(contact__in=contacts, created_at__in=stamps)
    added.exclude(pk__in=[pk for pks in kept.values() for pk in pks]).delete()
    _restore_jobs(jobs_before)
    data = {"file": run.file.name, "import": run.pk}
    record_many([EventRow("contact.import_undone", contact_id=pk, actor_id=by.pk, data=data) for pk in contacts])


def _restore_jobs(before):
    """{contact: [[key, main, left, role]]}: roles that were not there go, the others are as they were."""
    now = {job.pk: job for job in Employment.objects.filter(contact__in=before)}
    rows = [job for jobs_ in before.values() for job in jobs_ if job[0] in now]
    Employment.objects.filter(pk__in=now.keys() - {job[0] for job in rows}).delete()
    for pk, is_primary, *rest in rows:
        now[pk].is_primary = is_primary
        now[pk].has_left, now[pk].role = rest or (now[pk].has_left, now[pk].role)
    back = [now[job[0]] for job in rows]
    # Demoted first: a person has one main role at any moment.
    bulk.update([job for job in back if not job.is_primary], ["role", "is_primary", "has_left"])
    bulk.update([job for job in back if job.is_primary], ["role", "is_primary", "has_left"])


@transaction.atomic
def _take_back_companies(run):
    """Remove companies that the import made and nobody uses, and give the changed ones their values back."""
    rows = list(run.companies.select_related("company"))
    # Whoever of a company stands in a later line is the import's own too.
    end = run.rows.aggregate(last=Max("at"))["last"]
    stamps = {row.company_id: row.at for row in rows}
    busy = since.worked_on(run, Company, stamps, {pk: end or at for pk, at in stamps.items()})
    used = set(
        Employment.objects.filter(company__in=[row.company_id for row in rows]).values_list("company_id", flat=True)
    ) | set(Contact.objects.filter(company__in=[row.company_id for row in rows]).values_list("company_id", flat=True))
    removed = {row.company_id for row in rows if row.is_new} - busy - used
    changed = [row for row in rows if not row.is_new and row.company_id not in busy]
    for row in changed:
        before = dict(row.before)
        row.company.updated_at = parse_datetime(before.pop("updated_at"))
        restore(row.company, before)
        ContactPoint.objects.filter(company=row.company, created_at=row.at).delete()
        Requisite.objects.filter(company=row.company, created_at=row.at).delete()
    bulk.update([row.company for row in changed], [*fields_written(COMPANY), "updated_at"])
    Company.objects.filter(pk__in=removed).delete()
    left = {row.company_id for row in rows} - removed - {row.company_id for row in changed}
    return {"removed": len(removed), "left": len(left)}
