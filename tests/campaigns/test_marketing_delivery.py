"""Cases of `what goes wrong in marketing automation`, by their numbers: what leaves, when, and to whom."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from campaigns.models import (
    Enrolment,
    StepRun,
    Suppression,
)
from campaigns.services import checks, letters, sequences, tracking
from contacts.models import Contact, ContactPoint
from crm.mail import hooks, queue_many, send_due, worker
from crm.models import Delivery, Event
from tests.campaigns.acts import outcomes, run, together

State = Enrolment.State


# 1


def test_1_a_worker_killed_after_the_server_took_it_leaves_an_unknown_letter_and_no_second_one(sequence, person, smtp):
    person("Ann")
    run(sequence)
    [taken] = worker.claim()
    [(delivery, sender, to, raw)] = worker._prepare([taken])
    assert worker._hand_over(delivery, None)
    with worker.Connection() as wire:
        assert wire.send(sender, to, raw).outcome == "sent"
    Delivery.objects.update(lease_until=timezone.now() - timedelta(seconds=1))  # the worker is dead

    worker.sweep()
    send_due()

    assert len(smtp.letters) == 1
    assert (Delivery.objects.get().state, Delivery.objects.get().reason) == ("unknown", "worker_died")
    assert outcomes() == {"Ann": ("unknown", "worker_died")}


def test_2_a_worker_killed_before_handing_over_costs_one_lease(sequence, person, smtp):
    person("Ann")
    run(sequence)
    worker.claim()
    assert send_due() == 0
    Delivery.objects.update(lease_until=timezone.now() - timedelta(seconds=1))

    worker.sweep()
    send_due()

    assert len(smtp.letters) == 1
    assert outcomes() == {"Ann": ("sent", "")}


@pytest.mark.django_db(transaction=True)
def test_3_two_schedulers_at_once_queue_each_letter_once(sequence, alice):
    many = 1000
    Contact.objects.bulk_create(
        [Contact(first_name="Ann", email=f"ann{i}@example.com", city="Berlin", owner=alice) for i in range(many)]
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO contacts_consent (contact_id, purpose, topic, channel, is_given, text, source, at)"
            " SELECT id, 'advertising', '', 'email', true, '', '', now() FROM contacts_contact"
        )
    sequences.start(sequence, by=None)

    def sweep():
        while sequences.advance_due():
            pass

    together(sweep, sweep)

    assert StepRun.objects.filter(outcome="queued").count() == many
    assert Delivery.objects.values("key").distinct().count() == Delivery.objects.count() == many
    assert set(Enrolment.objects.values_list("position", flat=True)) == {2}


def test_4_without_a_broker_the_next_sweep_sends_everything_once(sequence, person, smtp, settings):
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
    for name in ("Ann", "Ben"):
        person(name)
    run(sequence)

    assert worker.sweep() == 2
    send_due()
    send_due()

    assert sorted(letter.to[0] for letter in smtp.letters) == ["ann@example.com", "ben@example.com"]


def test_5_one_put_off_and_one_lost_connection_among_five_hundred(workspace, smtp, time_machine):
    time_machine.move_to("2026-11-02 09:00:00+00:00", tick=False)
    rows = [
        Delivery(
            kind="campaign", key=f"k{i}", to=f"p{i}@example.com", subject="Hi", text="Hi", message_id=f"<{i}@halden.test>"
        )
        for i in range(500)
    ]  # fmt: skip
    queue_many(rows)
    smtp.answer("p100@example.com", "451 Later")
    smtp.drop("p250@example.com")

    send_due()
    count = dict.fromkeys(("sent", "deferred", "unknown"), 0)
    for state in Delivery.objects.values_list("state", flat=True):
        count[state] += 1
    assert count == {"sent": 498, "deferred": 1, "unknown": 1}
    time_machine.move_to("2026-11-02 09:01:01+00:00", tick=False)
    send_due()

    assert dict(Delivery.objects.filter(key__in=["k100", "k250"]).values_list("key", "state")) == {
        "k100": "sent",
        "k250": "unknown",
    }
    assert len(smtp.letters) == len({letter.to[0] for letter in smtp.letters}) == 500


def test_6_a_refusal_for_one_of_a_batch_fails_one(sequence, person, smtp):
    person("Ann")
    person("Ben")
    smtp.answer("ann@example.com", "554 5.7.1 Sender identity refused")

    run(sequence)
    send_due()
    send_due()

    assert outcomes() == {"Ann": ("failed", "refused"), "Ben": ("sent", "")}
    assert [letter.to for letter in smtp.letters] == [["ben@example.com"]]
    assert not Suppression.objects.exists()


# 14


def test_14_unsubscribed_while_waiting(sequence, person, smtp, time_machine):
    time_machine.move_to("2026-11-02 09:00:00+00:00", tick=False)
    person("Ann")
    run(sequence)
    send_due()
    tracking.unsubscribe(Delivery.objects.get())

    time_machine.move_to("2026-11-06 09:00:00+00:00", tick=False)
    while sequences.advance_due():
        pass
    send_due()

    assert len(smtp.letters) == 1
    assert (Enrolment.objects.get().state, Enrolment.objects.get().reason) == (State.LEFT, "unsubscribed")


def test_14_unsubscribed_after_the_claim_and_before_the_handing_over(sequence, person, smtp):
    person("Ann")
    run(sequence)
    [taken] = worker.claim()
    worker._prepare([taken])
    tracking.unsubscribe(taken)

    assert worker._hand_over(taken, None) is False
    send_due()

    assert smtp.letters == []
    assert outcomes() == {"Ann": ("skipped", "unsubscribed")}


@pytest.mark.django_db(transaction=True)
def test_14_unsubscribed_between_the_last_check_and_the_handing_over(sequence, person, smtp, monkeypatch):
    person("Ann")
    run(sequence)
    asked = []

    def the_moment_after_the_check(deliveries):
        asked.append(len(deliveries))
        if len(asked) == 2:
            together(lambda: tracking.unsubscribe(deliveries[0]))
        return {}

    monkeypatch.setattr(hooks, "_guards", [*hooks._guards, the_moment_after_the_check])
    send_due()

    assert smtp.letters == []
    assert outcomes() == {"Ann": ("skipped", "unsubscribed")}


def test_14_whoever_shares_the_address_gets_nothing_either(sequence, person, smtp):
    ann, ben = person("Ann"), person("Ben")
    Contact.objects.filter(pk=ben.pk).update(email=ann.email)
    ContactPoint.objects.filter(contact=ben).update(norm=ann.email, value=ann.email)
    Suppression.objects.create(digest=Suppression.digest_of(ann.email), reason="unsubscribed")

    assert checks.blocked_reasons(Contact.objects.all()) == {ann.pk: "unsubscribed", ben.pk: "unsubscribed"}


# 16


def test_16_a_scanner_changes_nothing_and_two_one_click_posts_without_cookies_end_it(sequence, person, smtp):
    person("Ann")
    run(sequence)
    send_due()
    path = reverse("public:unsubscribe", args=[letters.token(Delivery.objects.get())])

    assert (Client().get(path).status_code, Client().head(path).status_code) == (200, 200)
    assert (Suppression.objects.count(), Event.objects.filter(kind="consent.withdrawn").count()) == (0, 0)
    for _again in range(2):
        body = "List-Unsubscribe=One-Click"
        world = Client(enforce_csrf_checks=True)
        assert world.post(path, body, content_type="application/x-www-form-urlencoded").status_code == 200

    assert Suppression.objects.get().reason == "unsubscribed"
    assert Event.objects.filter(kind="consent.withdrawn").count() == 1
