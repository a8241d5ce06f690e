"""The undo of an import: once, never while the import goes on, and only of what nobody has worked on."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from contacts.imports import run as importing
from contacts.imports import undo
from contacts.models import Company, Contact, ImportRun
from contacts.services import people
from crm import access, jobs, outbox
from crm.events import record
from crm.models import Job, OutboxMessage
from tests import factories
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


FAR = {
    "note": "Note\nann@example.com,Ann,\nann@example.com,Ann,Met at the fair\n",
    "opt-out": "Opted out\nann@example.com,Ann,\nann@example.com,Ann,yes\n",
    "stage": "Stage\nann@example.com,Ann,lead\nann@example.com,Ann,customer\n",
    "company": "Company,Note\nann@example.com,Ann,Acme,\nben@example.com,Ben,Acme,Met at the fair\n",
}


@pytest.fixture
def line_by_line(monkeypatch):
    """Each line is a batch of its own, as lines of one person that stand far apart in a big file are."""
    monkeypatch.setattr(importing, "BATCH", 1)
    monkeypatch.setattr(undo, "BATCH", 1)


def _undo(client, run):
    """What the page says beforehand, and what the undo did."""
    said = client.get(_url("undo", run))
    client.post(_url("undo", run))
    outbox.run_due()
    return said.context, dict(_of("import_undo").get().result["rows"])


@pytest.mark.parametrize("what", FAR)
def test_what_a_later_line_wrote_of_the_same_person_is_no_work_of_somebody(client, admin, line_by_line, what):
    run = import_file(client, admin, b"Email,First name," + FAR[what].encode())
    assert (run.state, run.counts["failed"]) == ("done", 0)

    said, did = _undo(client, run)

    assert (said["changed"], did["Left, because somebody worked on them since"]) == (0, 0)
    assert (Contact.objects.count(), Company.objects.count()) == (0, 0)


@pytest.mark.parametrize("when", ["between", "after"])
@pytest.mark.parametrize("who", ["colleague", "customer"])
def test_what_others_did_between_two_lines_and_after_them_counts(
    client, admin, alice, line_by_line, when, who, monkeypatch
):
    real = importing._take

    def work(*_args):
        ann = Contact.objects.get()
        record("note.added", contact=ann, actor=alice if who == "colleague" else None, text="Called back.")

    def take(*args):
        if when == "between" and Contact.objects.exists():
            work()
        real(*args)

    monkeypatch.setattr(importing, "_take", take)
    run = import_file(client, admin, b"Email,First name," + FAR["note"].encode())
    if when == "after":
        work()

    said, did = _undo(client, run)

    ann = Contact.objects.get()
    assert ([str(person) for person in said["named"]], said["unseen"]) == (["Ann"], 0)
    assert did["Left, because somebody worked on them since"] > 0
    assert ann.email == "ann@example.com"
    assert client.get(run.get_absolute_url()).context["left"][0].contact == ann


def test_the_importer_himself_works_on_a_person_after_the_import(client, admin, line_by_line):
    run = import_file(client, admin, b"Email,First name," + FAR["note"].encode())
    people.log_talk(Contact.objects.get(), "note", "Called back.", by=admin)

    said, _did = _undo(client, run)

    assert (said["changed"], Contact.objects.count()) == (1, 1)


def test_whom_the_importer_may_not_see_is_counted_and_not_named(client, admin, mallory):
    every = dict.fromkeys(["view", "edit", "delete", "export"], access.ALL)
    own = dict.fromkeys(["view", "edit"], access.OWN)
    ivan = factories.user("Ivan", roles=[factories.role("importer", {"import": every, "contact": own})])
    run = import_file(
        client, ivan, b"Email,First name,Last name\nann@example.com,Ann,Secretova\nben@example.com,Ben,Lee\n"
    )
    people.assign_contact(Contact.objects.get(first_name="Ann"), mallory, by=admin)
    people.log_talk(Contact.objects.get(first_name="Ben"), "note", "Called back.", by=admin)

    asked = client.get(_url("undo", run)).content.decode()
    client.post(_url("undo", run))
    outbox.run_due()
    told = client.get(run.get_absolute_url()).content.decode()

    assert Contact.objects.count() == 2
    for page in (asked, told):
        assert "Ben Lee" in page
        assert "1 more that you do not see" in page
        assert "Secretova" not in page
