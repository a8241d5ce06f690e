from datetime import timedelta

import pytest
from django.utils import timezone

from crm import outbox
from crm.models import OutboxMessage


@pytest.fixture
def seen(monkeypatch):
    """Payloads that the handler "test.note" was given."""
    found = []
    monkeypatch.setattr(outbox, "_handlers", dict(outbox._handlers))
    outbox.handler("test.note")(lambda payload: found.append(payload["n"]))
    return found


def test_the_same_key_is_noted_once(db, seen):
    assert outbox.put("test.note", "a", {"n": 1}) is True
    assert outbox.put("test.note", "a", {"n": 2}) is False

    assert outbox.run_due() == 1
    assert seen == [1]


def test_work_that_is_not_due_waits(db, seen):
    outbox.put("test.note", "later", {"n": 1}, due_at=timezone.now() + timedelta(minutes=5))

    assert outbox.run_due() == 0
    assert seen == []


def test_work_done_is_not_done_again(db, seen):
    outbox.put("test.note", "a", {"n": 1})
    outbox.run_due()

    assert outbox.run_due() == 0
    assert seen == [1]


def test_a_row_that_always_fails_is_parked_after_five_tries(db, monkeypatch):
    monkeypatch.setattr(outbox, "_handlers", dict(outbox._handlers))

    @outbox.handler("test.poison")
    def fail(payload):
        raise RuntimeError("no luck")

    outbox.put("test.poison", "p")
    for _try in range(7):
        OutboxMessage.objects.update(due_at=timezone.now())
        outbox.run_due(rounds=1)

    row = OutboxMessage.objects.get()
    assert (row.state, row.attempts, row.last_error) == ("parked", 5, "RuntimeError: no luck")


def test_a_parked_row_can_be_tried_again(db, seen):
    outbox.put("test.note", "a", {"n": 1})
    OutboxMessage.objects.update(state="parked", attempts=5)

    outbox.retry(OutboxMessage.objects.get())

    assert outbox.run_due() == 1
    assert seen == [1]


def test_a_claim_is_not_given_twice(db, seen):
    outbox.put("test.note", "a", {"n": 1})

    assert len(outbox.claim("default")) == 1
    assert outbox.claim("default") == []


def test_a_dead_holders_row_goes_back_and_his_late_answer_changes_nothing(db, seen):
    outbox.put("test.note", "a", {"n": 1})
    late = outbox.claim("default")[0]
    OutboxMessage.objects.update(lease_until=timezone.now() - timedelta(seconds=1))

    assert outbox.sweep() == ["default"]
    second = outbox.claim("default")[0]
    outbox._settle(late, state="done")

    row = OutboxMessage.objects.get()
    assert (row.state, row.fence, second.fence) == ("claimed", 2, 2)


def test_a_row_whose_worker_dies_each_time_is_parked(db, seen):
    outbox.put("test.note", "a", {"n": 1})
    OutboxMessage.objects.update(state="claimed", attempts=5, lease_until=timezone.now() - timedelta(seconds=1))

    assert outbox.sweep() == []
    assert OutboxMessage.objects.get().state == "parked"
