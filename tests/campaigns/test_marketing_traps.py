"""What goes wrong elsewhere: names that are none, twins, pauses, merges of moments, machines that click."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from campaigns.models import ContactScore, Enrolment, HandOffRule, ScoreRule, SegmentMembership, StepRun, Suppression
from campaigns.services import letters, segments, sequences, tracking
from contacts.models import Contact
from crm import outbox
from crm.events import record
from crm.mail import queue_mail, send_due
from crm.models import Delivery, Event

State = Enrolment.State


def _run(sequence):
    sequences.start(sequence, by=None)
    while sequences.advance_due():
        pass


@pytest.fixture
def delivery(sequence, person, smtp):
    """A letter that Ann got a minute ago."""
    person("Ann")
    _run(sequence)
    send_due()
    Delivery.objects.update(settled_at=timezone.now() - timedelta(minutes=1))
    return Delivery.objects.get()


def _links(sequence):
    return list(sequence.steps.first().letter.links.order_by("pk"))


@pytest.mark.parametrize("name", ["", "   ", "NULL", "-", "🙂", "x" * 300])
def test_a_name_that_is_none_gets_the_fallback(sequence, person, smtp, name):
    contact = person("Ann", email="x@example.com")
    Contact.objects.filter(pk=contact.pk).update(first_name=name[:100])
    _run(sequence)

    send_due()

    assert smtp.letters[0].subject == "A tip, friend"
    assert smtp.letters[0].body("plain").startswith("Hello,")


@pytest.mark.parametrize("name", ["Ann\u2028Bcc: eve@evil.example", "Ann\rSubject: no"])
def test_a_line_in_a_name_makes_no_second_header(sequence, person, smtp, name):
    contact = person("Ann", email="x@example.com")
    Contact.objects.filter(pk=contact.pk).update(first_name=name)
    _run(sequence)

    send_due()

    message = smtp.letters[0].message
    assert (smtp.letters[0].to, message["Bcc"], len(message.get_all("Subject"))) == (["x@example.com"], None, 1)


def test_an_address_of_two_people_gets_one_letter(sequence, person, smtp):
    ann = person("Ann", email="a@example.com")
    ben = person("Ben", email="b@example.com")
    Contact.objects.filter(pk=ben.pk).update(email="A@Example.com")

    _run(sequence)
    send_due()

    assert [letter.to for letter in smtp.letters] == [["a@example.com"]]
    runs = dict(StepRun.objects.values_list("enrolment__contact", "reason"))
    assert runs == {ann.pk: "", ben.pk: "same_address"}


def test_a_deal_won_after_the_last_letter_was_queued_still_stops_it(sequence, person, smtp):
    sequence.steps.filter(position__gt=0).delete()
    ann = person("Ann")
    _run(sequence)
    assert Enrolment.objects.get().state == State.FINISHED

    record("deal.won", contact=ann)
    outbox.run_due()
    send_due()

    assert smtp.letters == []
    assert (Enrolment.objects.get().state, Enrolment.objects.get().reason) == (State.LEFT, "deal_won")
    run = StepRun.objects.get()
    assert (run.outcome, run.reason) == ("skipped", "deal_won")


def test_a_letter_of_a_paused_sequence_waits_and_leaves_when_it_goes_on(sequence, person, smtp, time_machine):
    time_machine.move_to("2026-11-02 09:00:00+00:00", tick=False)
    person("Ann")
    _run(sequence)
    sequences.pause(sequence)
    send_due()
    assert smtp.letters == []
    assert (Delivery.objects.get().state, Delivery.objects.get().reason) == ("queued", "paused")

    sequence.refresh_from_db()
    sequences.resume(sequence)
    time_machine.move_to("2026-11-02 10:00:01+00:00", tick=False)
    send_due()

    assert len(smtp.letters) == 1
    assert StepRun.objects.get().outcome == "sent"


def test_stop_also_stops_letters_in_the_queue(sequence, person, smtp):
    person("Ann")
    _run(sequence)
    sequences.stop(sequence)

    send_due()

    assert smtp.letters == []
    assert (StepRun.objects.get().outcome, StepRun.objects.get().reason) == ("skipped", "stopped")


def test_an_unsubscribed_person_still_gets_service_letters(sequence, person, smtp):
    ann = person("Ann")
    Suppression.objects.create(digest=Suppression.digest_of(ann.email), reason="unsubscribed")

    queue_mail(to=ann.email, subject="Your ticket", text="Solved.", contact=ann)
    _run(sequence)
    send_due()

    assert [letter.subject for letter in smtp.letters] == ["Your ticket"]


def test_a_suppression_outlives_the_person(sequence, person, smtp):
    ann = person("Ann")
    Suppression.objects.create(digest=Suppression.digest_of(ann.email), reason="unsubscribed")
    ann.delete()
    person("Ann")

    _run(sequence)
    send_due()

    assert smtp.letters == []
    assert StepRun.objects.get().reason == "unsubscribed"


def test_who_leaves_and_comes_back_is_enrolled_once(sequence, person):
    ann = person("Ann")
    sequences.start(sequence, by=None)
    for city in ("Bonn", "Berlin", "Bonn", "Berlin"):
        Contact.objects.filter(pk=ann.pk).update(city=city)
        segments.rebuild(sequence.segment)
        sequences.enrol_segment(sequence)

    assert Enrolment.objects.count() == 1
    assert SegmentMembership.objects.count() == 3


def test_a_count_within_days_ends_by_time_alone(segment, person, time_machine):
    time_machine.move_to("2026-11-02 09:00:00+00:00", tick=False)
    segment.tree = {"all": [{"did": "guide.downloaded", "within_days": 30}]}
    segment.save()
    record("guide.downloaded", contact=person("Ann"), guide="G")
    assert len(segments.rebuild(segment)[0]) == 1

    time_machine.move_to("2026-12-02 23:00:00+00:00", tick=False)
    assert segments.rebuild(segment) == ([], 0)
    time_machine.move_to("2026-12-03 00:00:00+00:00", tick=False)
    assert segments.rebuild(segment) == ([], 1)


def test_a_draft_collects_nobody(sequence, person):
    person("Ann")
    outbox.run_due()

    assert not Enrolment.objects.exists()
    assert sequences.advance_due() == 0


def test_a_machine_that_follows_all_links_scores_nothing_and_a_person_later_counts_once(
    sequence, delivery, time_machine
):
    ScoreRule.objects.create(event="email.clicked", label="Clicked", points=40, half_life=30, cap=100)
    HandOffRule.objects.create(threshold=60, again_below=40)
    time_machine.move_to("2026-11-02 09:00:00+00:00", tick=False)
    Delivery.objects.update(settled_at=timezone.now() - timedelta(minutes=1))
    delivery.refresh_from_db()
    first, second = _links(sequence)
    for link in (first, second, first):
        tracking.note_click(delivery, link.pk)
    outbox.run_due()

    assert ContactScore.objects.get().score == 0
    assert not Event.objects.filter(kind="email.clicked").exists()
    assert StepRun.objects.get().clicked_at is None

    time_machine.move_to("2026-11-02 15:00:00+00:00", tick=False)
    for _again in range(2):
        tracking.note_click(delivery, first.pk)
    outbox.run_due()

    assert ContactScore.objects.get().score == 40
    assert Event.objects.filter(kind="email.clicked").count() == 1


def test_a_look_at_the_head_of_a_link_is_no_click(sequence, delivery, client):
    link = _links(sequence)[0]
    path = reverse("letter_clicked", args=[letters.token(delivery, link.pk)])

    assert client.head(path).status_code == 302
    assert StepRun.objects.get().clicked_at is None
    assert not Event.objects.filter(kind__in=["email.clicked", "email.scanned"]).exists()


def test_a_link_with_the_token_of_another_letter_leads_nowhere(sequence, delivery, client):
    other = sequence.steps.last().letter.links.first()

    assert client.get(reverse("letter_clicked", args=[letters.token(delivery, other.pk)])).status_code == 404
    assert client.get(reverse("public:unsubscribe", args=["1-0:forged"])).status_code == 404


def test_an_open_changes_the_step_once_and_never_the_score(sequence, delivery, client):
    ScoreRule.objects.create(event="email.clicked", label="Clicked", points=40, half_life=30, cap=100)
    path = reverse("letter_opened", args=[letters.token(delivery)])
    for _again in range(3):
        assert client.get(path)["Content-Type"] == "image/gif"
    outbox.run_due()

    assert Event.objects.filter(kind="email.opened").count() == 1
    assert StepRun.objects.get().opened_at is not None
    assert ContactScore.objects.get().score == 0


def test_a_refused_letter_holds_up_nobody_else(sequence, person, smtp):
    person("Ann")
    person("Ben")
    smtp.answer("ann@example.com", "554 Bad owner")

    _run(sequence)
    send_due()

    outcomes = dict(StepRun.objects.values_list("enrolment__contact__first_name", "outcome"))
    assert outcomes == {"Ann": "failed", "Ben": "sent"}
    assert not Suppression.objects.exists()


def test_one_letter_put_off_by_the_server_is_sent_later_once(sequence, person, smtp, time_machine):
    time_machine.move_to("2026-11-02 09:00:00+00:00", tick=False)
    person("Ann")
    smtp.answer("ann@example.com", "451 Later")
    _run(sequence)
    send_due()
    assert Delivery.objects.get().state == "deferred"

    time_machine.move_to("2026-11-02 09:02:00+00:00", tick=False)
    send_due()

    assert len(smtp.letters) == 1
    assert StepRun.objects.get().outcome == "sent"


def test_the_way_out_speaks_the_readers_language_when_the_persons_is_unknown(sequence, delivery, client):
    path = reverse("public:unsubscribe", args=[letters.token(None)])

    assert '<html lang="ru"' in client.get(path, headers={"Accept-Language": "ru"}).content.decode()
    Contact.objects.update(language="")
    path = reverse("public:unsubscribe", args=[letters.token(delivery)])
    assert '<html lang="en"' in client.get(path, headers={"Accept-Language": "en"}).content.decode()
