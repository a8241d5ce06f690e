"""A kill in the middle, cancelling, memory, and undo."""

import pytest
from django.urls import reverse

from contacts.imports import run as importing
from contacts.models import Contact, ImportedRow, ImportRun
from contacts.services import people
from crm import jobs, outbox
from crm.models import Job
from tests.contacts.imports.uploads import as_found, import_file, upload_file

pytestmark = pytest.mark.django_db


def test_a_killed_import_goes_on_at_the_next_batch_and_doubles_nothing(client, admin, monkeypatch):
    monkeypatch.setattr(importing, "BATCH", 10)
    rows = "".join(f"Person{i},p{i}@example.com\n" for i in range(35))
    upload_file(client, admin, f"First name,Email\n{rows}".encode())
    run = ImportRun.objects.get()
    client.post(reverse("contacts:import_start", args=[run.pk]), as_found(run, admin, "create"))
    job = Job.objects.get()
    real, calls = importing._take, []

    def die_at_the_third(*args):
        if len(calls) == 2:
            raise KeyboardInterrupt
        calls.append(1)
        real(*args)

    monkeypatch.setattr(importing, "_take", die_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        jobs.run({"job": job.pk})
    assert Contact.objects.count() == 20

    monkeypatch.setattr(importing, "_take", real)
    jobs.run({"job": job.pk})

    job.refresh_from_db()
    assert (job.state, job.done, Contact.objects.count()) == ("done", 35, 35)


def _start(client, user, data, duplicates="create"):
    """Upload and start without running; returns (run, job)."""
    upload_file(client, user, data)
    run = ImportRun.objects.get()
    client.post(reverse("contacts:import_start", args=[run.pk]), as_found(run, user, duplicates))
    return run, Job.objects.get()


def test_a_cancelled_import_keeps_whole_batches_and_goes_on_where_it_stopped(client, admin, monkeypatch):
    monkeypatch.setattr(importing, "BATCH", 10)
    rows = "".join(f"Person{i},p{i}@example.com\n" for i in range(35))
    run, job = _start(client, admin, f"First name,Email\n{rows}".encode())
    real = importing._take

    def cancel_in_the_third(*args):
        if Contact.objects.count() == 20:
            jobs.cancel(job)
        real(*args)

    monkeypatch.setattr(importing, "_take", cancel_in_the_third)
    outbox.run_due()
    job.refresh_from_db()
    run.refresh_from_db()
    assert (job.state, job.done, job.counters["created"], Contact.objects.count()) == ("cancelled", 20, 20, 20)
    assert (run.state, run.counts["created"]) == ("stopped", 20)
    assert "Go on" in client.get(run.get_absolute_url()).content.decode()

    client.post(reverse("contacts:import_start", args=[run.pk]))
    outbox.run_due()

    run.refresh_from_db()
    assert (run.state, run.counts["created"], Contact.objects.count()) == ("done", 35, 35)
    assert ImportedRow.objects.filter(run=run).count() == 35


def test_a_stopped_import_can_be_undone(client, admin, monkeypatch):
    monkeypatch.setattr(importing, "BATCH", 2)
    run, _job = _start(client, admin, b"First name\nAnn\nBen\nCy\n")
    real = importing._take

    def break_in_the_second(*args):
        if Contact.objects.exists():
            raise OSError("The disk is gone.")
        real(*args)

    monkeypatch.setattr(importing, "_take", break_in_the_second)
    outbox.run_due()
    run.refresh_from_db()
    assert (run.state, Contact.objects.count(), Job.objects.get().state) == ("stopped", 2, "failed")

    client.post(reverse("contacts:import_undo", args=[run.pk]))
    outbox.run_due()

    run.refresh_from_db()
    assert (run.state, Contact.objects.count()) == ("undone", 0)


def test_no_more_than_two_batches_of_a_file_are_held_at_once(monkeypatch, workspace):
    monkeypatch.setattr(importing, "BATCH", 100)
    read = []

    def endless():
        for line in range(2, 200_000):
            read.append(line)
            yield line, [f"Ann{line}"]

    monkeypatch.setattr(importing.reading, "rows", lambda *args, **kwargs: endless())
    run = ImportRun(mapping={"0": "first_name"})

    with importing.Ahead(importing.cleaned(None, run, skip=1)) as ahead:
        first = ahead.get()
        ahead.begin()

    assert [row.person["first_name"] for row in first[:2]] == ["Ann2", "Ann3"]
    assert len(first) == 100
    assert len(read) <= 200


def test_undo_removes_what_was_made_restores_what_was_changed_and_leaves_what_people_touched(client, admin):
    ann = people.create_contact(by=admin, first_name="Ann", email="ann@example.com", city="Bonn")
    run = import_file(
        client,
        admin,
        b"First name,Email,City\nAnnabel,ann@example.com,Berlin\nBen,ben@example.com,Ulm\nCy,cy@example.com,Jena\n",
    )
    cy = Contact.objects.get(email="cy@example.com")
    people.log_talk(cy, "note", "Called back.", by=admin)

    client.post(reverse("contacts:import_undo", args=[run.pk]))
    outbox.run_due()

    ann.refresh_from_db()
    run.refresh_from_db()
    assert (ann.first_name, ann.city) == ("Ann", "Bonn")
    assert list(Contact.objects.order_by("pk")) == [ann, cy]
    assert run.state == "undone"
    job = Job.objects.get(kind="contacts.import_undo")
    assert job.result["rows"] == [["Removed", 1], ["Restored", 1], ["Left, because somebody worked on them since", 1]]
