"""The undo of an import: once, never while the import goes on, and only of what nobody has worked on."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from contacts.imports import run as importing
from contacts.imports import undo
from contacts.models import Contact, ImportRun
from crm import jobs, outbox
from crm.models import Job, OutboxMessage
from tests.contacts.imports.uploads import as_found, import_file, upload_file

pytestmark = pytest.mark.django_db
THREE = b"First name,Email\nAnn,ann@example.com\nBen,ben@example.com\nCy,cy@example.com\n"


def _url(name, run):
    return reverse(f"contacts:import_{name}", args=[run.pk])


def _of(kind):
    return Job.objects.filter(kind=f"contacts.{kind}")


def _stopped(client, admin, monkeypatch):
    """An import that broke off after two of three lines."""
    monkeypatch.setattr(importing, "BATCH", 2)
    real = importing._take

    def break_in_the_second(*args):
        if Contact.objects.exists():
            raise OSError("The disk is gone.")
        real(*args)

    with monkeypatch.context() as broken:
        broken.setattr(importing, "_take", break_in_the_second)
        run = import_file(client, admin, THREE)
    assert (run.state, Contact.objects.count()) == ("stopped", 2)
    return run


def test_an_import_that_is_being_undone_does_not_go_on(client, admin, monkeypatch):
    run = _stopped(client, admin, monkeypatch)
    client.post(_url("undo", run))

    answer = client.post(_url("start", run))
    outbox.run_due()

    run.refresh_from_db()
    assert answer["Location"] == run.get_absolute_url()
    assert (run.state, Contact.objects.count(), _of("import").count()) == ("undone", 0, 1)


def test_an_import_that_goes_on_is_not_undone(client, admin, monkeypatch):
    run = _stopped(client, admin, monkeypatch)
    client.post(_url("start", run))

    assert client.post(_url("undo", run)).status_code == 400
    assert run.begin_undo(by=admin) is False  # by a page that still took it for stopped
    outbox.run_due()

    run.refresh_from_db()
    assert (run.state, Contact.objects.count(), _of("import_undo").count()) == ("done", 3, 0)


def test_pressed_twice_it_is_undone_once_and_the_page_says_so(client, admin):
    run = import_file(client, admin, THREE)
    first = client.post(_url("undo", run))

    second = client.post(_url("undo", run))

    job = _of("import_undo").get()
    assert (first["Location"], second["Location"]) == (job.get_absolute_url(), run.get_absolute_url())
    page = client.get(run.get_absolute_url()).content.decode()
    assert "being undone" in page
    assert job.get_absolute_url() in page
    assert _url("undo", run) not in page


@pytest.mark.parametrize("end", ["cancelled", "failed", "lost"])
def test_an_undo_that_broke_off_can_be_begun_again(client, admin, monkeypatch, end):
    run = import_file(client, admin, THREE)
    client.post(_url("undo", run))
    job = _of("import_undo").get()
    if end == "cancelled":
        client.post(reverse("job_cancel", args=[job.pk]))
    elif end == "failed":
        with monkeypatch.context() as broken:
            broken.setattr(undo, "_take_back", lambda *_args, **_more: 1 / 0)
            outbox.run_due()
    else:
        _lose(job)

    run.refresh_from_db()
    job.refresh_from_db()
    assert (run.state, job.state, Contact.objects.count()) == (
        "done",
        "cancelled" if end == "cancelled" else "failed",
        3,
    )
    client.post(_url("undo", run))
    outbox.run_due()
    run.refresh_from_db()
    assert (run.state, Contact.objects.count()) == ("undone", 0)


def _lose(job):
    """The worker of a job has died at each of five tries."""
    Job.objects.filter(pk=job.pk).update(state=Job.State.RUNNING)
    mine = OutboxMessage.objects.filter(kind="job", key=str(job.pk))
    mine.update(state="claimed", attempts=outbox.TRIES, lease_until=timezone.now() - timedelta(seconds=1))
    outbox.sweep()


@pytest.mark.parametrize("end", ["cancelled", "lost"])
def test_an_import_whose_job_never_came_to_its_end_can_be_gone_on_with(client, admin, end):
    upload_file(client, admin, THREE)
    run = ImportRun.objects.get()
    client.post(_url("start", run), as_found(run, admin))
    job = _of("import").get()
    if end == "cancelled":
        jobs.cancel(job)
    else:
        _lose(job)

    run.refresh_from_db()
    assert run.state == "stopped"
    client.post(_url("start", run))
    outbox.run_due()
    run.refresh_from_db()
    assert (run.state, Contact.objects.count()) == ("done", 3)
