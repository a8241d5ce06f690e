import pytest

from crm import jobs, outbox, tasks
from crm.models import Job, Notification, OutboxMessage


@pytest.fixture(autouse=True)
def _kinds(monkeypatch):
    """Job kinds made in a test end with it."""
    monkeypatch.setattr(jobs, "_kinds", dict(jobs._kinds))


def _run(work, by, **params):
    jobs.job("test.work", "Counting")(work)
    row = jobs.start("test.work", by=by, params=params)
    outbox.run_due()
    row.refresh_from_db()
    return row


def test_a_finished_job_keeps_result_counts_and_tells_its_owner(alice):
    def work(run):
        run.start(2)
        run.advance(1, created=1)
        run.advance(1, created=1, failed=1)
        return {"rows": [["Created", 2]]}

    row = _run(work, alice)

    assert (row.state, row.percent, row.counters) == ("done", 100, {"created": 2, "failed": 1})
    assert row.result == {"rows": [["Created", 2]]}
    assert Notification.objects.get(user=alice).text == "Counting is finished."


def test_a_cancelled_job_stops_at_the_next_step_and_counts_what_was_done(alice):
    def work(run):
        run.start(3)
        run.advance(1, checkpoint={"at": 1}, made=1)
        jobs.cancel(run.row)
        run.advance(1, checkpoint={"at": 2}, made=1)
        raise AssertionError("it went on")

    row = _run(work, alice)

    assert (row.state, row.done, row.counters, row.checkpoint, row.result) == (
        "cancelled",
        1,
        {"made": 1},
        {"at": 1},
        {},
    )


def test_a_job_cancelled_before_it_began_never_runs(alice):
    ran = []
    jobs.job("test.work", "Counting")(ran.append)
    row = jobs.start("test.work", by=alice)

    jobs.cancel(row)
    outbox.run_due()

    row.refresh_from_db()
    assert (row.state, ran) == ("cancelled", [])


def test_a_refusal_shows_its_sentence(alice):
    def work(run):
        raise jobs.JobFailed("The file has no rows.")

    row = _run(work, alice)

    assert (row.state, row.error) == ("failed", "The file has no rows.")
    assert OutboxMessage.objects.get(kind="job").state == "done"


def test_a_crash_shows_no_inner_detail(alice):
    def work(run):
        raise RuntimeError("secret detail")

    row = _run(work, alice)

    assert row.state == "failed"
    assert "secret" not in row.error


def test_a_job_taken_up_again_starts_from_its_checkpoint(alice):
    starts = []

    def work(run):
        starts.append(dict(run.checkpoint))
        run.start(4)
        run.advance(2, checkpoint={"row": 2})
        return {}

    row = _run(work, alice)
    Job.objects.filter(pk=row.pk).update(state=Job.State.RUNNING)
    jobs.run({"job": row.pk})

    assert starts == [{}, {"row": 2}]


@pytest.mark.parametrize("end", ["done", "failed", "cancelled", "given up"])
def test_what_a_job_holds_is_let_go_however_it_ends(alice, end):
    freed = []

    def work(run):
        if end == "failed":
            raise jobs.JobFailed("No.")

    jobs.job("test.work", "Counting", ended=lambda row: freed.append(row.pk))(work)
    row = jobs.start("test.work", by=alice)
    if end == "cancelled":
        jobs.cancel(row)
    elif end == "given up":
        Job.objects.update(state="running")
        OutboxMessage.objects.update(state="claimed", attempts=5, lease_until=row.created_at)
        outbox.sweep()
    outbox.run_due()

    row.refresh_from_db()
    assert (row.state, freed) == ("failed" if end == "given up" else end, [row.pk])
    if end == "given up":
        assert (
            row.error
            == "It broke off each time it was tried. What was finished stays: start it again, or ask an administrator."
        )
        assert Notification.objects.get(user=alice).text == "Counting failed."


def test_a_job_whose_row_was_parked_without_a_word_is_given_up_once(alice):
    freed = []
    jobs.job("test.work", "Counting", ended=lambda row: freed.append(row.pk))(lambda run: None)
    states = [("running", "parked"), ("queued", "parked"), ("running", "claimed"), ("done", "parked")]
    rows = [jobs.start("test.work", by=alice) for _state in states]
    for row, (state, message) in zip(rows, states, strict=True):
        Job.objects.filter(pk=row.pk).update(state=state)
        OutboxMessage.objects.filter(key=str(row.pk)).update(state=message, attempts=5)
    OutboxMessage.objects.create(kind="x", key=str(rows[2].pk), state="parked")

    tasks.end_given_up_jobs()
    tasks.end_given_up_jobs()

    found = list(Job.objects.order_by("pk").values_list("state", flat=True))
    assert (found, freed) == (["failed", "failed", "running", "done"], [rows[0].pk, rows[1].pk])
    assert Notification.objects.filter(user=alice, text="Counting failed.").count() == 2
