"""Outgoing mail: what is on the wire, and what becomes of each letter."""

from datetime import timedelta

import pytest
from django.utils import timezone

from crm.mail import Content, Stop, hooks, queue_mail, send_due, verdicts, worker
from crm.mail.compose import compose
from crm.models import Delivery

State = Delivery.State


@pytest.fixture
def guards(monkeypatch):
    """The list of guards, put back after the test."""
    rows = []
    monkeypatch.setattr(hooks, "_guards", rows)
    return rows


@pytest.fixture
def ears(monkeypatch):
    heard = []
    monkeypatch.setattr(hooks, "_ears", [lambda rows: heard.extend((d.pk, d.state) for d in rows)])
    return heard


def letter(to="ann@example.com", **fields):
    fields = {"subject": "Hello", "text": "Hi", **fields}
    return queue_mail(to=to, **fields)


def state_of(delivery):
    delivery.refresh_from_db()
    return delivery.state, delivery.reason


def test_a_letter_arrives_as_it_was_meant(workspace, smtp):
    delivery = letter(subject="Ваш гид 🎉", text="Привет", html="<p>Привет</p>", to_name="Анна Ли")

    assert send_due() == 1

    [got] = smtp.letters
    assert got.subject == "Ваш гид 🎉"
    assert str(got.message["To"]) == "Анна Ли <ann@example.com>"
    assert str(got.message["From"]) == "Halden Instruments <crm@halden.test>"
    assert got.message["Message-ID"] == delivery.message_id
    assert got.body("plain").strip() == "Привет"
    assert got.body("html").strip() == "<p>Привет</p>"
    assert state_of(delivery) == (State.SENT, "")


def test_the_same_key_makes_one_letter(workspace, smtp):
    first, second = letter(key="reply:1"), letter(key="reply:1", subject="Other")

    send_due()

    assert first == second
    assert [row.subject for row in smtp.letters] == ["Hello"]


@pytest.mark.parametrize(
    "evil", ["Ivan\r\nBcc: x@evil.test", "Ivan\u2028Bcc: x@evil.test", "Ivan\x00\nBcc: x@evil.test"]
)
def test_a_name_cannot_add_a_header(workspace, smtp, evil):
    letter(to_name=evil, subject=evil, from_=f"{evil} <a@halden.test>")

    send_due()

    [got] = smtp.letters
    assert got.message["Bcc"] is None
    assert len(got.message.get_all("To")) == 1
    assert got.to == ["ann@example.com"]


def test_no_line_on_the_wire_is_longer_than_the_rule_allows(workspace, smtp):
    letter(text="x" * 2000, html="<p>" + "y" * 5000 + "</p>", subject="Слово " * 40)

    send_due()

    assert max(len(line) for line in smtp.letters[0].raw.split(b"\r\n")) <= 998


def test_an_international_domain_goes_in_its_ascii_form(workspace, smtp):
    letter(to="ann@почта.рф")

    send_due()

    assert smtp.letters[0].to == ["ann@xn--80a1acny.xn--p1ai"]


@pytest.mark.parametrize("address", ["nobody", "a b@example.com", "a@b@example.com", "<a@example.com>"])
def test_an_address_that_is_none_fails_alone(workspace, smtp, address):
    bad, good = letter(to=address), letter(to="bob@example.com")

    send_due()

    assert state_of(bad) == (State.FAILED, "bad_address")
    assert state_of(good) == (State.SENT, "")


def test_later_is_tried_later_and_never_holds_up_others(workspace, smtp, time_machine):
    smtp.answer("ann@example.com", "451 Come back")
    first, second = letter(), letter(to="bob@example.com")

    send_due()

    assert state_of(first) == (State.DEFERRED, "later")
    assert first.reply == "451 Come back"
    assert state_of(second) == (State.SENT, "")
    assert send_due() == 0

    time_machine.move_to(timezone.now() + timedelta(seconds=61))
    send_due()

    assert state_of(first) == (State.SENT, "")
    assert len(smtp.to("ann@example.com")) == 1


def test_a_refusal_is_final_and_touches_nobody_else(workspace, smtp):
    smtp.answer("ann@example.com", "554 No such person")
    first, second = letter(), letter(to="bob@example.com")

    send_due()

    assert state_of(first) == (State.FAILED, "refused")
    assert state_of(second) == (State.SENT, "")
    assert send_due() == 0


def test_a_letter_that_never_gets_through_is_given_up(workspace, smtp, time_machine):
    delivery = letter()
    for _try in range(len(worker.BACKOFF) + 1):
        smtp.answer("ann@example.com", "451 Later")
        send_due()
        time_machine.move_to(timezone.now() + timedelta(days=1))

    assert state_of(delivery) == (State.FAILED, "gave_up")


def test_a_campaign_letter_whose_answer_was_lost_is_not_repeated(workspace, smtp):
    smtp.drop("ann@example.com")
    delivery, other = letter(kind="campaign"), letter(kind="campaign", to="bob@example.com")

    send_due()

    assert state_of(delivery) == (State.UNKNOWN, "connection_lost")
    assert state_of(other) == (State.SENT, "")
    assert send_due() == 0
    assert len(smtp.to("ann@example.com")) == 1


def test_a_service_letter_whose_answer_was_lost_goes_again_under_its_id(workspace, smtp, time_machine):
    smtp.drop("ann@example.com")
    delivery = letter()
    send_due()
    time_machine.move_to(timezone.now() + timedelta(seconds=10))

    send_due()

    assert state_of(delivery) == (State.SENT, "")
    assert [row.message["Message-ID"] for row in smtp.letters] == [delivery.message_id] * 2


def test_a_worker_that_died_before_handing_over_costs_nothing(workspace, smtp):
    delivery = letter(kind="campaign")
    worker.claim()
    Delivery.objects.update(lease_until=timezone.now() - timedelta(seconds=1))

    worker.sweep()
    send_due()

    assert state_of(delivery) == (State.SENT, "")
    assert len(smtp.letters) == 1


@pytest.mark.parametrize(("kind", "state"), [("campaign", State.UNKNOWN), ("service", State.QUEUED)])
def test_a_worker_that_died_while_handing_over(workspace, kind, state):
    delivery = letter(kind=kind)
    worker.claim()
    Delivery.objects.update(state=State.SUBMITTING, lease_until=timezone.now() - timedelta(seconds=1))

    worker.sweep()

    assert state_of(delivery)[0] == state


def test_a_late_holder_is_fenced(workspace, smtp):
    delivery = letter()
    [late] = worker.claim()
    Delivery.objects.update(state=State.QUEUED, lease_until=None)
    worker.claim()

    assert worker._hand_over(late, None) is False
    assert state_of(delivery)[0] == State.CLAIMED


def test_two_workers_never_claim_the_same_letter(workspace):
    for number in range(60):
        letter(to=f"p{number}@example.com")

    first, second = worker.claim(), worker.claim()

    assert (len(first), len(second)) == (50, 10)
    assert not {d.pk for d in first} & {d.pk for d in second}


def test_a_guard_stops_a_letter_for_good(workspace, smtp, guards):
    guards.append(lambda rows: {d.pk: Stop("unsubscribed") for d in rows if d.to == "ann@example.com"})
    blocked, _free = letter(), letter(to="bob@example.com")

    send_due()

    assert state_of(blocked) == (State.SUPPRESSED, "unsubscribed")
    assert [row.to for row in smtp.letters] == [["bob@example.com"]]


def test_a_guard_is_asked_again_right_before_the_letter_goes(workspace, smtp, guards):
    asked = []

    def changes_its_mind(rows):
        asked.append(len(rows))
        return {d.pk: Stop("unsubscribed") for d in rows} if len(asked) > 1 else {}

    guards.append(changes_its_mind)
    delivery = letter()

    send_due()

    assert asked == [1, 1]
    assert state_of(delivery) == (State.SUPPRESSED, "unsubscribed")
    assert smtp.letters == []


def test_a_paused_letter_waits_without_losing_a_try(workspace, smtp, guards):
    later = timezone.now() + timedelta(minutes=10)
    guards.append(lambda rows: {d.pk: Stop("paused", until=later) for d in rows})
    delivery = letter()

    send_due()

    assert state_of(delivery) == (State.QUEUED, "paused")
    assert (delivery.due_at, delivery.attempts) == (later, 0)


def test_each_outcome_is_told_once(workspace, smtp, ears):
    smtp.answer("bob@example.com", "550 No")
    sent, failed = letter(), letter(to="bob@example.com")

    send_due()
    worker.report()

    assert ears == [(sent.pk, "sent"), (failed.pk, "failed")]


def test_a_server_that_is_away_costs_no_try(workspace, settings):
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    delivery = letter()

    send_due()

    assert state_of(delivery) == (State.QUEUED, "server_away")
    assert delivery.attempts == 0


def test_a_person_settles_what_is_unknown(workspace, smtp):
    arrived, repeat = letter(kind="campaign"), letter(kind="campaign", to="bob@example.com")
    Delivery.objects.update(state=State.UNKNOWN)

    assert verdicts.mark_sent(Delivery.objects.filter(pk=arrived.pk)) == 1
    assert verdicts.send_again(Delivery.objects.filter(pk=repeat.pk)) == 1
    send_due()

    assert state_of(arrived) == (State.SENT, "confirmed")
    assert state_of(repeat) == (State.SENT, "")
    assert [row.to for row in smtp.letters] == [["bob@example.com"]]


def test_in_the_demo_company_no_letter_leaves_for_a_real_domain(workspace, smtp):
    workspace.is_demo = True
    workspace.save()
    real, reserved = letter(to="ann@gmail.com"), letter(to="bob@example.com")

    send_due()

    assert state_of(real) == (State.SUPPRESSED, "demo")
    assert state_of(reserved) == (State.SENT, "")


def test_a_header_of_the_caller_never_replaces_ours(workspace):
    delivery = Delivery(to="ann@example.com", message_id="<1@x>")
    content = Content("S", "T", headers={"Bcc": "x@evil.test", "Auto-Submitted": "auto-replied"})

    _sender, _to, raw = compose(delivery, content)

    assert b"Bcc" not in raw
    assert b"Auto-Submitted: auto-replied" in raw
