"""Invitations as calendars outside read them, and the answers that come back through the mailbox."""

import email
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import default

import pytest
from icalendar import Calendar

from contacts.models import Participant
from contacts.services import consents, invitations, letters, occurrences, series, tasks
from contacts.services.invitation_letters import HOLD
from crm.mail import send_due
from crm.models import Delivery, Event, Notification
from tickets.models import InboundMail, Ticket
from tickets.services.inbound.take import take

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 27, 9, 0, tzinfo=UTC)
DUE = datetime(2026, 3, 30, 7, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _morning(workspace, time_machine):
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def meeting(alice, ann):
    return tasks.create_task(
        owner=alice, by=alice, title="Demo; part 1, “pumps”", kind="meeting", contact=ann, due_at=DUE,
        ends_at=DUE + timedelta(minutes=45), place="https://meet.example/x", note="Our price floor is 900",
        guests=[{"contact": ann.pk, "name": "Ann Lee", "email": "Ann@client.test"}],
    )  # fmt: skip


def _calendar_of(raw):
    message = email.message_from_bytes(raw, policy=default)
    part = next(p for p in message.walk() if p.get_content_type() == "text/calendar")
    return part["Content-Type"].params["method"], part.get_content().encode()


def _reply(meeting, partstat="ACCEPTED", *, sender="ann@client.test", method="REPLY", more="", at=NOW, uid=None):
    """An answer as clients send it."""
    lines = [
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Client//EN", f"METHOD:{method}", "BEGIN:VEVENT",
        f"UID:{uid or meeting.uid}@halden.test", f"DTSTAMP:{at:%Y%m%dT%H%M%SZ}", "DTSTART:20260330T070000Z",
        f"ATTENDEE;CN=Ann;PARTSTAT={partstat}:MAILTO:{sender}", *filter(None, [more]), "END:VEVENT", "END:VCALENDAR",
    ]  # fmt: skip
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, "crm@halden.test", "Accepted: Demo"
    message["Message-ID"] = f"<{abs(hash((partstat, sender, method, more, at, uid)))}@client.test>"
    message.set_content("I will be there")
    message.add_alternative("\r\n".join([*lines, ""]).encode(), "text", "calendar", params={"method": method})
    return message.as_bytes()


def test_the_letter_carries_a_calendar_that_an_independent_reader_understands(meeting, alice, smtp):
    assert invitations.send(meeting, by=alice) == 1
    assert invitations.send(meeting, by=alice) == 0
    send_due()

    (letter,) = smtp.letters
    method, text = _calendar_of(letter.raw)
    (entry,) = Calendar.from_ical(text).walk("VEVENT")
    assert method == "REQUEST"
    assert (entry["SUMMARY"], entry["LOCATION"]) == ("Demo; part 1, “pumps”", "https://meet.example/x")
    assert (entry.decoded("DTSTART"), entry.decoded("DTEND")) == (DUE, DUE + timedelta(minutes=45))
    assert (entry["SEQUENCE"], str(entry["ORGANIZER"]), entry["ATTENDEE"]) == (
        0,
        "mailto:crm@halden.test",
        "mailto:ann@client.test",
    )
    assert (entry["ATTENDEE"].params["RSVP"], entry["UID"]) == ("TRUE", f"{meeting.uid}@halden.test")
    assert max(len(line) for line in text.replace(b"\r\n", b"\n").split(b"\n")) <= 75
    # What was noted for colleagues stays with them.
    assert b"price floor" not in letter.raw
    assert b"price floor" not in text


def test_a_change_raises_the_sequence_asks_anew_and_goes_only_when_it_is_sent(meeting, alice, smtp):
    invitations.send(meeting, by=alice)
    guest = meeting.participants.get()
    invitations.answer(meeting, guest, "accepted")

    tasks.set_due(meeting, DUE + timedelta(days=1), by=alice)
    assert Delivery.objects.count() == 1
    assert list(invitations.untold(meeting)) == [guest]
    invitations.send(meeting, by=alice)
    send_due()

    _method, text = _calendar_of(smtp.letters[-1].raw)
    assert Calendar.from_ical(text).walk("VEVENT")[0]["SEQUENCE"] == 1
    assert meeting.participants.get().answer == "asked"


def test_a_meeting_that_is_deleted_is_cancelled_for_those_who_knew_it(meeting, alice, smtp, time_machine):
    invitations.send(meeting, by=alice)
    tasks.delete_task(meeting, by=alice)
    send_due()
    # For some seconds it can still be taken back.
    assert len(smtp.letters) == 1
    time_machine.move_to(NOW + HOLD, tick=False)
    send_due()

    method, text = _calendar_of(smtp.letters[-1].raw)
    assert (method, Calendar.from_ical(text).walk("VEVENT")[0]["STATUS"]) == ("CANCEL", "CANCELLED")


def test_the_end_of_what_repeats_cancels_what_was_sent(meeting, alice):
    occurrences.begin(meeting, "FREQ=DAILY", "Europe/Berlin")
    invitations.send(meeting, by=alice)

    series.delete(meeting, "all", by=alice)

    assert list(Delivery.objects.order_by("pk").values_list("refs__method", flat=True)) == ["REQUEST", "CANCEL"]


def test_nobody_is_told_of_the_end_of_what_he_never_heard_of(meeting, alice):
    tasks.delete_task(meeting, by=alice)

    assert not Delivery.objects.exists()


def test_who_withdrew_consent_is_not_invited_and_nobody_else_either(meeting, alice, ann):
    tasks.set_guests(
        meeting,
        [{"contact": ann.pk, "name": "Ann", "email": "ann@client.test"}, {"name": "Bo", "email": "bo@client.test"}],
        by=alice,
    )
    consents.state_consent(ann, "personal_data", given=False, source="call", by=alice)

    with pytest.raises(letters.LetterRefused):
        invitations.send(meeting, by=alice)

    assert not Delivery.objects.exists()


@pytest.mark.parametrize(
    ("partstat", "answer"), [("ACCEPTED", "accepted"), ("DECLINED", "declined"), ("TENTATIVE", "tentative")]
)
def test_an_answer_by_mail_is_noted_and_makes_no_ticket_and_no_letter(meeting, alice, partstat, answer):
    invitations.send(meeting, by=alice)
    before = Delivery.objects.count()
    raw = _reply(meeting, partstat, more="COMMENT:Gladly")

    verdict = take(raw)

    assert (verdict.outcome, verdict.reason) == ("ignored", f"answer to an invitation: {answer}")
    assert meeting.participants.get().answer == answer
    assert Event.objects.get(kind="task.answered").data["text"] == "Gladly"
    assert Notification.objects.get(kind="task.answered").user == alice
    # No ticket, no receipt: nothing that another machine could answer.
    assert (Ticket.objects.count(), Delivery.objects.count()) == (0, before)
    assert take(raw).outcome == "duplicate"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"sender": "eve@evil.test"}, "an answer by somebody who was not invited"),
        ({"uid": "0" * 32}, "an answer to an invitation that is not ours or no longer there"),
        ({"partstat": "DELEGATED"}, "an answer that says neither yes nor no"),
        ({"at": NOW - timedelta(days=1), "partstat": "DECLINED"}, "known already"),
        ({"method": "COUNTER"}, "another time was proposed"),
    ],
)
def test_other_answers_change_nothing(meeting, alice, change, reason):
    invitations.send(meeting, by=alice)
    invitations.answer(meeting, meeting.participants.get(), "accepted")

    assert take(_reply(meeting, **change)).reason == reason

    assert Participant.objects.get().answer == "accepted"
    assert (Ticket.objects.count(), InboundMail.objects.get().outcome) == (0, "ignored")


def test_an_answer_to_the_time_before_does_not_count(meeting, alice):
    invitations.send(meeting, by=alice)
    tasks.set_due(meeting, DUE + timedelta(days=1), by=alice)
    invitations.send(meeting, by=alice)

    assert take(_reply(meeting, more="SEQUENCE:0")).reason == "an answer to an earlier version of the invitation"
    assert take(_reply(meeting, more="SEQUENCE:1")).reason == "answer to an invitation: accepted"


def test_a_calendar_that_invites_us_is_a_request_like_any_other(meeting, alice, ann):
    assert take(_reply(meeting, method="REQUEST")).outcome == "created"
    assert Ticket.objects.get().requester == ann
