"""How long a merge of two well-known people takes, how long the question while typing, and the nightly search."""

import time

from contacts.models import Contact, DuplicateSettings, Task
from contacts.services import merging
from contacts.services.duplicates import lookup
from crm import jobs, outbox
from crm.events import EventRow, record_many
from crm.models import Event, Job

ROWS = 10_000
ASKED = 200


def merge_rows(user, n):
    """Merge two people with n rows each, 10,000 at most, and part them again: seconds of both."""
    people = [
        Contact.objects.create(first_name=name, last_name="Benchmark", owner=user, team=user.team)
        for name in ("Ann", "Anna")
    ]
    rows = min(n, ROWS)
    try:
        for person in people:
            record_many([EventRow("page.viewed", person.pk, data={"page": f"/{i}"}) for i in range(rows * 6 // 10)])
            Task.objects.bulk_create(Task(title=f"Step {i}", contact=person) for i in range(rows - rows * 6 // 10))
        began = time.perf_counter()
        merge = merging.merge_contacts(*people, by=user)
        merged = time.perf_counter()
        merging.undo_merge(merge, by=user)
        return {
            "merge s": round(merged - began, 2),
            "undo s": round(time.perf_counter() - merged, 2),
            "rows each": rows,
        }
    finally:
        keys = [person.pk for person in people]
        Event.objects.filter(contact_id__in=keys).delete()
        Task.objects.filter(contact__in=keys).delete()
        Contact.objects.filter(pk__in=keys).delete()


def ask(user, n):
    """The question while somebody types, by names and addresses of people who are there: milliseconds."""
    rows = list(
        Contact.objects.order_by("-pk").values("first_name", "last_name", "email", "birthday_on", "city")[:ASKED]
    )
    took = []
    for row in rows:
        began = time.perf_counter()
        lookup.similar_people(user, **row)
        took.append((time.perf_counter() - began) * 1000)
    took.sort()
    return {"p50 ms": round(took[len(took) // 2], 1), "p95 ms": round(took[len(took) * 95 // 100], 1)} if took else {}


def search(user, n):
    """The nightly search over everybody, by its job: seconds and pairs."""
    job = jobs.start("contacts.duplicates", by=user, params={"quiet": True, "whole": True})
    while not (job := Job.objects.get(pk=job.pk)).is_over:
        if not outbox.run_due():
            time.sleep(0.05)
    took = (job.finished_at - job.started_at).total_seconds()
    DuplicateSettings.objects.update(scanned_to=None)
    Job.objects.filter(pk=job.pk).delete()
    return {
        "s": round(took, 1),
        "people": Contact.objects.count(),
        "weighed": job.done,
        "pairs": job.counters.get("found", 0),
    }
