"""Cases of `what goes wrong in marketing automation`, by their numbers: people, segments, steps, scores."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from campaigns import tasks
from campaigns.models import (
    ContactScore,
    Enrolment,
    HandOffRule,
    ScoreRule,
    Segment,
    SegmentMembership,
    Suppression,
)
from campaigns.services import letters, scoring, segments, sequences
from contacts.models import Contact
from contacts.services import people
from crm import conditions, outbox
from crm.events import record
from crm.mail import send_due, worker
from crm.models import Delivery, Event
from crm.models.outbox import OutboxMessage
from deals.models import Deal, PurchaseFacts
from deals.services import orders
from tests.campaigns.acts import outcomes, run, together

State = Enrolment.State
CLICK = {"event": "email.clicked", "label": "Clicked", "points": 40, "half_life": 30, "cap": 100}


# 22, 23, 24


def test_22_a_person_deleted_on_the_way_gets_nothing_and_the_address_stays_suppressed(sequence, person, alice, smtp):
    ann = person("Ann")
    run(sequence)
    Suppression.objects.create(digest=Suppression.digest_of(ann.email), reason="unsubscribed")
    people.delete_contact(ann, by=alice)

    send_due()
    back = person("Ann", email="ANN@example.com")
    sequences.enrol_contacts(sequence.segment, [back.pk])
    while sequences.advance_due():
        pass
    send_due()

    assert smtp.letters == []
    assert list(Delivery.objects.values_list("state", "reason", "text", "html")) == [
        ("cancelled", "person_gone", "", "")
    ]
    assert outcomes() == {"Ann": ("skipped", "unsubscribed")}
    assert "ann" not in Suppression.objects.get().digest


def test_24_one_event_delivered_twice_enrols_once(sequence, person):
    sequence.segment.tree = {"all": [{"did": "guide.downloaded"}]}
    sequence.segment.save()
    sequences.start(sequence, by=None)
    record("guide.downloaded", contact=person("Ann"), guide="G")
    outbox.run_due()
    OutboxMessage.objects.filter(kind="event").update(state="ready")
    outbox.run_due()

    assert (Enrolment.objects.count(), SegmentMembership.objects.count()) == (1, 1)


def test_24_an_event_dated_tomorrow_is_noted_as_of_now_with_its_date(person, time_machine):
    time_machine.move_to("2026-11-02 09:00:00+00:00", tick=False)
    tomorrow = timezone.now() + timedelta(days=1)

    record("guide.downloaded", contact=person("Ann"), at=tomorrow, guide="G")

    event = Event.objects.get(kind="guide.downloaded")
    assert (event.occurred_at, event.data) == (timezone.now(), {"guide": "G", "dated": tomorrow.isoformat()})


def test_24_events_out_of_order_count_by_their_own_time(person):
    now, ann = timezone.now(), person("Ann")
    for days in (1, 40, 20):
        record("guide.downloaded", contact=ann, at=now - timedelta(days=days), guide="G")
    tree = {"all": [{"did": "guide.downloaded", "times": {"op": "exactly", "n": 2}, "within_days": 30}]}
    tree = conditions.parse(tree, "contact")

    assert list(conditions.matching(Contact.objects.all(), tree, "contact")) == [ann]


# 26, 27, 28


def test_26_the_third_event_on_the_edge_counts_and_time_alone_ends_it(segment, person, time_machine):
    segment.tree = {"all": [{"did": "guide.downloaded", "times": {"op": "at_least", "n": 3}, "within_days": 30}]}
    segment.save()
    time_machine.move_to("2026-12-02 12:00:00+00:00", tick=False)
    ann = person("Ann")
    # Days are whole days of the company's zone: the edge is the midnight that begins the thirtieth day back.
    for at in ("2026-11-02T00:00:00+00:00", "2026-11-20T10:00:00+00:00", "2026-12-01T10:00:00+00:00"):
        record("guide.downloaded", contact=ann, at=timezone.datetime.fromisoformat(at), guide="G")

    assert segments.rebuild(segment) == ([ann.pk], 0)
    time_machine.move_to("2026-12-02 23:59:59+00:00", tick=False)
    assert segments.rebuild(segment) == ([], 0)
    time_machine.move_to("2026-12-03 00:00:00+00:00", tick=False)
    assert segments.rebuild(segment) == ([], 1)


def test_27_a_cancelled_order_takes_the_buyer_out_of_the_buyers(person, alice, stages):
    buyers = Segment.objects.create(name="Buyers", tree={"all": [{"has": "purchases"}]}, owner=alice)
    ann = person("Ann")
    deal = Deal(name="Pump", contact=ann, owner=alice, team=alice.team, stage=stages[0], currency="EUR", amount=100)
    deal.begin(by=alice)
    orders.order_from(deal, by=alice)
    outbox.run_due()
    inside = SegmentMembership.objects.filter(segment=buyers, left_at=None)
    assert (inside.count(), PurchaseFacts.objects.get(contact=ann).revenue_base) == (1, 100)

    orders.cancel_order_of(deal, by=alice)
    outbox.run_due()

    assert (inside.count(), PurchaseFacts.objects.filter(contact=ann).count()) == (0, 0)
    assert SegmentMembership.objects.get(segment=buyers).left_at is not None


def test_28_segments_that_ask_about_each_other_are_refused_with_the_circle(page, marketer):
    a = Segment.objects.create(name="A", tree={"all": [{"field": "city", "op": "is", "value": "Bonn"}]}, owner=marketer)
    inside = {"not": {"field": "segment", "op": "any_of", "value": [a.pk]}}
    b = Segment.objects.create(name="B", tree={"all": [inside]}, owner=marketer)
    circle = '{"all": [{"any": [{"not": {"field": "segment", "op": "any_of", "value": [%d]}}]}]}'

    for other, way in ((b, "A → B → A"), (a, "A → A")):
        answer = page.post(reverse("campaigns:segment_save", args=[a.pk]), {"name": "A", "f": circle % other.pk})
        assert answer.status_code == 422
        assert way in answer.content.decode()

    a.refresh_from_db()
    assert a.tree == {"all": [{"field": "city", "op": "is", "value": "Bonn"}]}


def test_28_a_segment_that_asks_about_a_deleted_one_stands_still(person, alice):
    ann = person("Ann")
    a = Segment.objects.create(name="A", tree={"all": [{"field": "city", "op": "is", "value": "Berlin"}]}, owner=alice)
    b = Segment.objects.create(
        name="B", tree={"all": [{"field": "segment", "op": "any_of", "value": [a.pk]}]}, owner=alice
    )
    segments.rebuild(a)
    assert segments.rebuild(b) == ([ann.pk], 0)
    a.delete()

    assert segments.rebuild(b) == ([], 0)
    assert b.error
    assert SegmentMembership.objects.filter(segment=b, left_at=None).count() == 1


# 29, 30


def test_29_a_step_in_which_people_wait_stays(page, sequence, person):
    for name in ("Ann", "Ben"):
        person(name)
    run(sequence)

    page.post(reverse("campaigns:step_delete", args=[sequence.pk, sequence.steps.all()[1].pk]))

    assert sequence.steps.count() == 3
    assert list(Enrolment.objects.values_list("state", "position")) == [(State.ACTIVE, 2)] * 2


def test_30_three_days_of_pause_end_without_a_burst(sequence, alice, time_machine):
    time_machine.move_to("2026-11-02 09:00:00+00:00", tick=False)
    made = Contact.objects.bulk_create(Contact(first_name="Ann", city="Berlin", owner=alice) for _n in range(600))
    Enrolment.objects.bulk_create(Enrolment(sequence=sequence, contact=contact) for contact in made)
    sequence.status = "running"
    sequence.save()
    sequences.pause(sequence)
    time_machine.move_to("2026-11-05 09:00:00+00:00", tick=False)
    assert sequences.advance_due() == 0

    sequences.resume(sequence)

    minutes = {}
    for due in Enrolment.objects.values_list("due_at", flat=True):
        minutes[(due - timezone.now()).seconds // 60] = minutes.get((due - timezone.now()).seconds // 60, 0) + 1
    assert (len(minutes), set(minutes.values())) == (60, {10})


# 36, 38, 39, 40


def test_36_twelve_links_in_three_seconds_are_a_machine_and_a_later_click_counts_once(
    sequence, person, smtp, client, time_machine
):
    ScoreRule.objects.create(**CLICK)
    HandOffRule.objects.create(threshold=60, again_below=40)
    letter = sequence.steps.first().letter
    letter.body = "\n\n".join(f"[Go](https://halden.example/{n})" for n in range(12))
    letters.keep(letter)
    time_machine.move_to("2026-11-02 09:00:00+00:00", tick=False)
    person("Ann")
    run(sequence)
    send_due()
    delivery = Delivery.objects.get()
    links = list(letter.links.filter(url__regex=r"/\d+$").order_by("pk"))
    assert len(links) == 12

    for place, link in enumerate(links):
        time_machine.move_to(timezone.datetime.fromisoformat(f"2026-11-02T09:05:0{place // 4}+00:00"), tick=False)
        assert client.get(reverse("letter_clicked", args=[letters.token(delivery, link.pk)])).status_code == 302
    outbox.run_due()
    assert Event.objects.filter(kind="email.scanned").count() == 12
    assert ContactScore.objects.get().score == 0

    time_machine.move_to("2026-11-02 15:00:00+00:00", tick=False)
    for _again in range(2):
        client.get(reverse("letter_clicked", args=[letters.token(delivery, links[3].pk)]))
    outbox.run_due()

    assert Event.objects.filter(kind="email.clicked").count() == 1
    assert ContactScore.objects.get().score == 40


def test_38_a_hundred_points_are_fifty_after_a_half_life_on_the_page_and_in_the_filter(
    person, page, time_machine, workspace
):
    ScoreRule.objects.create(**CLICK | {"points": 100})
    HandOffRule.objects.create(threshold=60, again_below=40)
    time_machine.move_to("2026-11-02 09:00:00+00:00", tick=False)
    ann = person("Ann")
    record("email.clicked", contact=ann)
    outbox.run_due()
    ann.refresh_from_db()
    assert ann.score == 100

    time_machine.move_to("2026-12-02 09:00:00+00:00", tick=False)
    tasks.cool_scores()

    tree = {"all": [{"field": "score", "op": "is", "value": 50}]}
    tree = conditions.parse(tree, "contact")
    assert list(conditions.matching(Contact.objects.all(), tree, "contact")) == [ann]
    assert ContactScore.objects.get().score == scoring.score_of(ann.pk)[0] == 50
    assert page.get(reverse("panel", args=["contact", "score", ann.pk])).content.decode().count(">50<") == 1
    assert Event.objects.filter(kind="contact.handed_off").count() == 1


@pytest.mark.django_db(transaction=True)
def test_39_two_events_at_once_hand_over_once(person, workspace):
    ScoreRule.objects.create(**CLICK)
    HandOffRule.objects.create(threshold=60, again_below=40)
    ann = person("Ann")

    def click():
        record("email.clicked", contact=ann)
        scoring.recount(ann.pk)

    together(click, click)

    assert ContactScore.objects.get().score == 80
    assert Event.objects.filter(kind="contact.handed_off").count() == 1


@pytest.mark.parametrize(("kind", "why"), [("deal.won", "deal_won"), ("email.replied", "answered")])
def test_40_a_deal_won_after_the_claim_stops_the_letter_before_the_stream_is_read(sequence, person, smtp, kind, why):
    ann = person("Ann")
    run(sequence)
    [taken] = worker.claim()
    worker._prepare([taken])
    record(kind, contact=ann)

    assert worker._hand_over(taken, None) is False
    send_due()
    assert smtp.letters == []
    assert outcomes() == {"Ann": ("skipped", why)}
    outbox.run_due()

    assert (Enrolment.objects.get().state, Enrolment.objects.get().reason) == (State.LEFT, why)


def test_40_what_happened_before_the_sequence_does_not_end_it(sequence, person, smtp):
    ann = person("Ann")
    record("deal.won", contact=ann, at=timezone.now() - timedelta(days=1))
    run(sequence)
    outbox.run_due()
    send_due()

    assert len(smtp.letters) == 1
    assert Enrolment.objects.get().state == State.ACTIVE
