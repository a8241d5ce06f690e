"""People on their way: letters and waits, each once, and every reason to stop."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.utils import timezone

from campaigns.models import Enrolment, Sequence, StepRun, Suppression
from campaigns.services import checks, mailing, segments, sequences, tracking
from campaigns.services.letters import token
from contacts.models import Consent
from contacts.services.consents import state_consent
from crm import outbox
from crm.events import record
from crm.mail import send_due
from crm.models import Delivery, Event

State = Enrolment.State


def _run(sequence):
    sequences.start(sequence, by=None)
    while sequences.advance_due():
        pass


def test_a_person_gets_the_first_letter_at_once_and_the_second_after_the_wait(sequence, person, smtp, time_machine):
    time_machine.move_to("2026-11-02 09:00:00+00:00", tick=False)
    person("Ann")
    _run(sequence)
    send_due()
    assert [letter.subject for letter in smtp.letters] == ["A tip, Ann"]
    row = Enrolment.objects.get()
    assert row.due_at == timezone.now() + timedelta(days=3)

    time_machine.move_to("2026-11-05 09:00:01+00:00", tick=False)
    sequences.advance_due()
    send_due()

    row.refresh_from_db()
    assert (len(smtp.letters), row.state) == (2, State.FINISHED)


def test_a_second_start_and_a_second_sweep_send_nothing_more(sequence, person, smtp):
    person("Ann")
    _run(sequence)
    _run(sequence)
    send_due()
    send_due()

    assert (len(smtp.letters), Enrolment.objects.count(), StepRun.objects.count()) == (1, 1, 1)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda person: person("Ann", consent=False), "no_consent"),
        (lambda person: person("Ann", email=""), "no_address"),
    ],
)
def test_who_may_not_be_written_to_is_held_back_with_the_reason(sequence, person, smtp, make, reason):
    make(person)

    _run(sequence)
    send_due()

    assert smtp.letters == []
    assert StepRun.objects.get().reason == reason


def test_a_consent_withdrawn_before_the_sending_stops_the_letter(sequence, person, smtp):
    ann = person("Ann")
    _run(sequence)
    state_consent(ann, Consent.Purpose.ADVERTISING, given=False)

    send_due()

    assert smtp.letters == []
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.reason) == ("suppressed", "no_consent")
    run = StepRun.objects.get()
    assert (run.outcome, run.reason) == ("skipped", "no_consent")


def test_a_deal_opened_before_the_sending_ends_the_sequence(sequence, person, smtp):
    ann = person("Ann")
    _run(sequence)
    record("deal.created", contact=ann)
    outbox.run_due()

    send_due()

    assert smtp.letters == []
    assert (Enrolment.objects.get().state, Enrolment.objects.get().reason) == (State.LEFT, "deal_opened")
    assert Event.objects.for_contact(ann).filter(kind="sequence.left").count() == 1


def test_a_paused_sequence_moves_nobody(sequence, person, smtp):
    person("Ann")
    sequences.start(sequence, by=None)
    sequences.pause(sequence)

    assert sequences.advance_due() == 0
    assert smtp.letters == []


def test_going_on_spreads_what_is_due_over_an_hour(sequence, person):
    for i in range(5):
        person(f"Ann{i}")
    sequences.start(sequence, by=None)
    sequences.pause(sequence)

    sequences.resume(sequence)

    dues = Enrolment.objects.values_list("due_at", flat=True)
    assert len(set(dues)) == 5
    assert max(dues) - min(dues) <= timedelta(hours=1)


def test_who_enters_the_segment_later_is_enrolled(sequence, person):
    sequences.start(sequence, by=None)

    person("Ann")
    outbox.run_due()

    assert Enrolment.objects.get().contact.first_name == "Ann"


def test_the_greeting_without_a_usable_name(sequence, person, smtp):
    person("NULL", email="x@example.com")

    _run(sequence)
    send_due()

    letter = smtp.letters[0]
    assert letter.subject == "A tip, friend"
    assert letter.body("plain").startswith("Hello,")


@pytest.mark.parametrize("name", ["{{ 7*7 }}", "<script>alert(1)</script>", "Ivan\r\nBcc: eve@evil.example"])
def test_a_name_that_is_an_attack_is_never_rendered(sequence, person, smtp, name):
    contact = person("Ann", email="x@example.com")
    type(contact).objects.filter(pk=contact.pk).update(first_name=name)

    _run(sequence)
    send_due()

    letter = smtp.letters[0]
    assert letter.to == ["x@example.com"]
    assert letter.message["Bcc"] is None
    assert "49" not in letter.body("plain").split("http")[0]
    assert "<script>" not in letter.body("html")


def test_letters_carry_the_way_out(sequence, person, smtp):
    person("Ann")
    _run(sequence)
    send_due()

    message = smtp.letters[0].message
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "/t/u/" in message["List-Unsubscribe"]


def _sent(sequence, person):
    person("Ann")
    _run(sequence)
    send_due()
    outbox.run_due()
    return Delivery.objects.get()


def test_looking_at_the_way_out_changes_nothing_and_a_post_ends_it_however_often(sequence, person, smtp, client):
    delivery = _sent(sequence, person)
    path = urlsplit(smtp.letters[0].message["List-Unsubscribe"].strip(" <>\r\n")).path

    assert client.get(path).status_code == 200
    assert not Suppression.objects.exists()

    for _again in range(2):
        assert client.post(path, {"List-Unsubscribe": "One-Click"}).status_code == 200

    assert Suppression.objects.get().digest == Suppression.digest_of("ann@example.com")
    assert Enrolment.objects.get().reason == "unsubscribed"
    assert Event.objects.filter(kind="email.unsubscribed", contact_id=delivery.contact_id).count() == 1


def test_a_click_leads_only_to_addresses_of_the_letter(sequence, person, smtp, client, time_machine):
    delivery = _sent(sequence, person)
    Delivery.objects.filter(pk=delivery.pk).update(settled_at=timezone.now() - timedelta(minutes=1))
    letter = sequence.steps.first().letter
    link = letter.links.get(url="https://halden.example/go")

    answer = client.get(f"/t/c/{token(delivery, link.pk)}/?url=https://evil.example")
    forged = client.get(f"/t/c/{delivery.pk}-{link.pk}:xxxx/")

    assert (answer.status_code, answer["Location"]) == (302, "https://halden.example/go")
    assert forged.status_code == 404
    assert Event.objects.filter(kind="email.clicked").count() == 1


def test_a_click_within_two_seconds_is_a_machine(sequence, person, smtp):
    delivery = _sent(sequence, person)
    link = sequence.steps.first().letter.links.first()
    Delivery.objects.filter(pk=delivery.pk).update(settled_at=timezone.now())
    delivery.refresh_from_db()

    tracking.note_click(delivery, link.pk)

    assert Event.objects.filter(kind="email.scanned").count() == 1
    assert not Event.objects.filter(kind="email.clicked").exists()


def test_an_address_that_does_not_exist_is_never_written_to_again(sequence, person, smtp):
    person("Ann")
    smtp.answer("ann@example.com", "550 5.1.1 user unknown")
    _run(sequence)

    send_due()

    assert Suppression.objects.get().reason == "bounced"
    assert StepRun.objects.get().outcome == "failed"
    assert Event.objects.filter(kind="email.bounced").count() == 1


def test_the_same_address_as_two_people_is_still_suppressed_for_both(sequence, person):
    person("Ann")
    Suppression.objects.create(digest=Suppression.digest_of("ANN@example.com"), reason="unsubscribed")

    _run(sequence)

    assert StepRun.objects.get().reason == "unsubscribed"


def test_the_preflight_counts_what_stands_in_the_way(sequence, person):
    person("Ann")
    person("NULL", email="n@example.com")
    person("Ben", consent=False)
    segments.rebuild(sequence.segment)

    assert checks.preflight(sequence) == {
        "people": 3,
        "no_address": 0,
        "no_consent": 1,
        "unsubscribed": 0,
        "bounced": 0,
        "complained": 0,
        "no_name": 1,
    }


def test_stop_ends_it_for_everybody(sequence, person):
    person("Ann")
    sequences.start(sequence, by=None)

    sequences.stop(sequence)

    assert Enrolment.objects.get().state == State.LEFT
    assert Sequence.objects.get().status == "stopped"
    assert mailing.stops([]) == {}
