"""How many rows a second an import takes, through the job that people start."""

import time

from contacts.imports import mapping
from contacts.models import Company, Contact, ImportRun
from crm import files, outbox
from crm.models import Event, Job, StoredFile

HEADERS = ["First name", "Last name", "Email", "Phone", "Company", "Job title", "City", "Country", "Birthday", "Tags"]
COMPANY = "Benchmark Works"


def people_csv(n):
    """Yield the lines of a file of n people as bytes: every 50th is refused, every 20th stands there again, promoted."""
    yield (";".join(HEADERS) + "\n").encode("utf-8-sig")
    for i in range(n):
        again = i % 20 == 19
        person = i - 1 if again else i
        email = "no address" if i % 50 == 49 else f"person.{person}@bench.example"
        yield (
            f"Anna{person % 97};Müller{person % 997};{email};+49 30 {5_000_000 + person};{COMPANY} {person % 500};"
            f"{'Head of purchasing' if again else 'Buyer'};Berlin;Germany;{1 + person % 28:02}.{1 + person % 12:02}.{1950 + person % 50};fair, {person % 7}\n"
        ).encode()


def import_rows(user, n):
    """Import n rows, of which the figures tell; then undo it."""
    run = ImportRun(by=user, owner=user, team=user.team, encoding="utf-8-sig", separator=";", headers=HEADERS)
    run.mapping = mapping.guess(HEADERS)
    run.file = files.store(b"".join(people_csv(n)), "benchmark.csv", by=user, kind="import", limit=None)
    run.save()
    try:
        run.begin(by=user)
        took = _seconds(run.job)
        run.refresh_from_db()
        counts = run.counts
    finally:
        _take_away(run)
    return {"rows/s": round(n / took), "rows": n, **counts}


def _seconds(job):
    """How long the job took once begun, here or in a worker that was quicker to take it."""
    while not (job := Job.objects.get(pk=job.pk)).is_over:
        if not outbox.run_due():
            time.sleep(0.05)
    if job.state != Job.State.DONE:
        raise RuntimeError(f"The import ended as {job.state}: {job.error}")
    return (job.finished_at - job.started_at).total_seconds()


def _take_away(run):
    made = run.rows.filter(outcome="created", contact__isnull=False).order_by("pk").values_list("contact_id", flat=True)
    while some := list(made[:1000]):
        Event.objects.filter(contact_id__in=some).delete()
        Contact.objects.filter(pk__in=some).delete()
    companies = Company.objects.filter(source=run.file.name, name__startswith=COMPANY)
    Event.objects.filter(company_id__in=list(companies.values_list("pk", flat=True))).delete()
    companies.delete()
    Job.objects.filter(pk=run.job_id).delete()
    run.delete()
    StoredFile.objects.filter(pk=run.file_id).delete()
