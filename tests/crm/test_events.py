from datetime import UTC, datetime

import pytest
from django.db import connection, transaction

from crm import events, outbox
from crm.models import Event, OutboxMessage
from tests import factories


@pytest.fixture
def heard(monkeypatch):
    """Events given to one subscriber of "test.happened"."""
    found = []
    monkeypatch.setattr(events, "_subscribers", {})
    monkeypatch.setattr(events, "_by_name", {})
    events.subscribe("test.happened", name="tests.listener")(found.append)
    return found


def test_an_event_keeps_who_what_when_and_about_what(alice):
    ann = factories.contact(owner=alice)
    at = datetime(2026, 11, 3, 12, 0, tzinfo=UTC)

    events.record("test.happened", contact=ann, target=ann, actor=alice, at=at, amount="10.00")

    found = Event.objects.for_contact(ann).get()
    assert (found.kind, found.actor_id, found.target_type, found.target_id) == (
        "test.happened",
        alice.pk,
        "contacts.contact",
        ann.pk,
    )
    assert (found.occurred_at, found.data) == (at, {"amount": "10.00"})


def test_a_subscriber_gets_an_event_once_however_often_the_queue_is_run(db, heard):
    event = events.record("test.happened")

    outbox.run_due()
    outbox.run_due()

    assert heard == [event]


def test_an_event_rolled_back_is_delivered_to_nobody(db, heard):
    with transaction.atomic():
        events.record("test.happened")
        transaction.set_rollback(True)

    outbox.run_due()

    assert heard == []
    assert not OutboxMessage.objects.exists()


def test_old_and_new_events_go_into_partitions_of_their_month(db):
    events.record("test.happened", at=datetime(2019, 2, 28, 23, 59, tzinfo=UTC))
    events.record("test.happened", at=datetime(2019, 3, 1, tzinfo=UTC))

    with connection.cursor() as cursor:
        cursor.execute("SELECT tableoid::regclass::text FROM crm_event ORDER BY occurred_at")
        assert [row[0] for row in cursor.fetchall()] == ["crm_event_2019_02", "crm_event_2019_03"]
        cursor.execute("SELECT count(*) FROM crm_event_default")
        assert cursor.fetchone()[0] == 0
