"""Invitations to all of what repeats: one entry with its rule, its changes and its end, and the answers to it."""

import email
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from email.policy import default

import pytest
from django.urls import reverse
from icalendar import Calendar

from contacts.forms_work import TaskForm
from contacts.models import Participant, Recurrence, Task
from contacts.services import consents, invitations, letters, occurrences, series, series_guests, tasks
from contacts.services.invitation_letters import HOLD
from crm import recurrence as rules
from crm.mail import send_due
from crm.models import Delivery, Event
from tickets.services.inbound.take import take

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 23, 7, 0, tzinfo=UTC)  # a Monday, 8:00 in Berlin
DUE = NOW + timedelta(hours=1)


@pytest.fixture(autouse=True)
def _morning(workspace, time_machine):
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def weekly(alice, ann):
    guests = [{"contact": ann.pk, "name": "Ann Lee", "email": "ann@client.test"}]
    task = tasks.create_task(
        owner=alice,
        by=alice,
        title="Round",
        kind="meeting",
        contact=ann,
        due_at=DUE,
        ends_at=DUE + timedelta(minutes=30),
        guests=guests,
    )
    occurrences.begin(task, "FREQ=WEEKLY", "Europe/Berlin", people=guests)
    occurrences.make_next(task.recurrence)
    return task


def _calendars(smtp, time_machine):
    """[(method, lines that matter of each entry)] of the letters that leave by now, with those that were held a while."""
    time_machine.move_to(datetime.now(UTC) + HOLD, tick=False)
    send_due()
    found = []
    for letter in smtp.letters:
        message = email.message_from_bytes(letter.raw, policy=default)
        part = next(p for p in message.walk() if p.get_content_type() == "text/calendar")
        entries = Calendar.from_ical(part.get_content().encode()).walk("VEVENT")
        found.append((part["Content-Type"].params["method"], [_told(entry) for entry in entries]))
    smtp.letters.clear()
    return found


def _told(entry):
    names = ("RRULE", "EXDATE", "RECURRENCE-ID", "SEQUENCE", "STATUS")
    row = {
        n: entry[n].to_ical().decode() if hasattr(entry[n], "to_ical") else str(entry[n]) for n in names if n in entry
    }
    return row | {"DTSTART": entry["DTSTART"].to_ical().decode(), "series": str(entry["UID"]).split("@")[0] == _uid()}


def _uid():
    return Recurrence.objects.order_by("pk").first().uid


def _reply(partstat="ACCEPTED", *, slot="", sequence=0, uid=None):
    lines = [
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Client//EN", "METHOD:REPLY", "BEGIN:VEVENT", f"UID:{uid or _uid()}@halden.test",
        f"DTSTAMP:{datetime.now(UTC):%Y%m%dT%H%M%SZ}", *([f"RECURRENCE-ID:{slot}"] if slot else []), f"SEQUENCE:{sequence}",
        f"ATTENDEE;PARTSTAT={partstat}:mailto:ann@client.test", "END:VEVENT", "END:VCALENDAR",
    ]  # fmt: skip
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "ann@client.test", "crm@halden.test", "Answer"
    message["Message-ID"] = f"<{partstat}.{slot}.{sequence}@client.test>"
    message.set_content("x")
    message.add_alternative("\r\n".join([*lines, ""]).encode(), "text", "calendar", params={"method": "REPLY"})
    return take(message.as_bytes()).reason


def test_one_letter_holds_all_of_it_and_the_next_ones_are_known(client, weekly, alice, smtp, time_machine):
    tasks.set_due(
        occurrences.occurrence(Recurrence.objects.get(), "2026-03-30T09:00"), DUE + timedelta(days=8), by=alice
    )
    client.force_login(alice)
    page = client.get(weekly.get_absolute_url())
    assert [p["email"] for p in page.context["untold_series"]] == ["ann@client.test"]

    client.post(reverse("contacts:task_invite", args=[weekly.pk]), {"scope": "all"})

    assert _calendars(smtp, time_machine) == [
        ("REQUEST", [
            {"RRULE": "FREQ=WEEKLY", "SEQUENCE": "0", "STATUS": "CONFIRMED", "DTSTART": "20260323T090000", "series": True},
            {"RECURRENCE-ID": "20260330T090000", "SEQUENCE": "1", "STATUS": "CONFIRMED", "DTSTART": "20260331T100000", "series": True},
        ]),
    ]  # fmt: skip
    row = Recurrence.objects.get()
    assert (series_guests.untold(row), row.people[0]["told"]) == ([], 0)
    later = occurrences.occurrence(row, "2026-04-13T09:00")
    assert [(p.told, p.answer) for p in Participant.objects.all()] == [(0, "asked"), (1, "asked"), (0, "asked")]
    assert not invitations.untold(later)
    assert series_guests.send(weekly, by=alice) == 0
    assert client.get(weekly.get_absolute_url()).context["untold_series"] == []


def test_a_moved_and_a_dropped_one_are_parts_of_it(weekly, alice, smtp, time_machine):
    series_guests.send(weekly, by=alice)
    _calendars(smtp, time_machine)
    moved = occurrences.occurrence(Recurrence.objects.get(), "2026-04-06T09:00")
    dropped = occurrences.occurrence(Recurrence.objects.get(), "2026-04-13T09:00")

    tasks.set_due(moved, datetime(2026, 4, 7, 13, 0, tzinfo=UTC), by=alice)
    invitations.send(moved, by=alice)
    tasks.delete_task(dropped, by=alice)

    assert _calendars(smtp, time_machine) == [
        ("REQUEST", [{"RECURRENCE-ID": "20260406T090000", "SEQUENCE": "1", "STATUS": "CONFIRMED", "DTSTART": "20260407T150000", "series": True}]),
        ("CANCEL", [{"RECURRENCE-ID": "20260413T090000", "SEQUENCE": "0", "STATUS": "CANCELLED", "DTSTART": "20260413T090000", "series": True}]),
    ]  # fmt: skip


def test_the_end_of_it_and_of_the_rest(weekly, alice, smtp, time_machine):
    series_guests.send(weekly, by=alice)
    _calendars(smtp, time_machine)
    third = occurrences.occurrence(Recurrence.objects.get(), "2026-04-06T09:00")

    series.delete(third, "following", by=alice)
    assert _calendars(smtp, time_machine) == [
        ("REQUEST", [{"RRULE": "FREQ=WEEKLY;UNTIL=20260405T215959Z", "SEQUENCE": "1", "STATUS": "CONFIRMED", "DTSTART": "20260323T090000", "series": True}]),
    ]  # fmt: skip
    series.delete(weekly, "all", by=alice)

    ((method, (entry,)),) = _calendars(smtp, time_machine)
    assert (method, entry["STATUS"], entry["SEQUENCE"], entry["series"]) == ("CANCEL", "CANCELLED", "2", True)
    assert "RECURRENCE-ID" not in entry


def test_this_and_following_ends_one_rule_at_once_and_asks_for_the_other(weekly, alice, smtp, time_machine):
    series_guests.send(weekly, by=alice)
    _calendars(smtp, time_machine)
    third = occurrences.occurrence(Recurrence.objects.get(), "2026-04-06T09:00")
    wall = datetime(2026, 4, 6, 11)

    row = series.change(third, "following", {}, wall=wall, minutes=30, rule=None, minutes_before=[], by=alice)

    ((method, (entry,)),) = _calendars(smtp, time_machine)
    assert (method, entry["RRULE"], entry["SEQUENCE"]) == ("REQUEST", "FREQ=WEEKLY;UNTIL=20260405T215959Z", "1")
    assert [p["email"] for p in series_guests.untold(row)] == ["ann@client.test"]
    third.refresh_from_db()
    series_guests.send(third, by=alice)
    ((method, (entry,)),) = _calendars(smtp, time_machine)
    assert (entry["RRULE"], entry["DTSTART"], entry["SEQUENCE"], entry["series"]) == (
        "FREQ=WEEKLY",
        "20260406T110000",
        "0",
        False,
    )


def test_a_change_of_all_is_told_when_somebody_presses_and_who_is_left_out_at_once(weekly, alice, smtp, time_machine):
    series_guests.send(weekly, by=alice)
    _calendars(smtp, time_machine)
    weekly.refresh_from_db()
    wall = datetime(2026, 3, 23, 10)
    same = [{"name": "Ann Lee", "email": "Ann@client.test"}, {"name": "Bo", "email": "bo@client.test"}]

    row = series.change(weekly, "all", {"people": same}, wall=wall, minutes=45, rule=None, minutes_before=[], by=alice)
    assert _calendars(smtp, time_machine) == []
    assert [p["name"] for p in series_guests.untold(row)] == ["Ann Lee", "Bo"]
    weekly.refresh_from_db()
    assert series_guests.send(weekly, by=alice) == 2
    told = _calendars(smtp, time_machine)
    assert [(m, e["SEQUENCE"], e["DTSTART"]) for m, (e,) in told] == [("REQUEST", "1", "20260323T100000")] * 2

    weekly.refresh_from_db()
    series.change(weekly, "all", {"people": same[:1]}, wall=wall, minutes=45, rule=None, minutes_before=[], by=alice)
    ((method, (entry,)),) = _calendars(smtp, time_machine)
    assert (method, entry["STATUS"], entry["series"]) == ("CANCEL", "CANCELLED", True)
    assert Delivery.objects.latest("pk").to == "bo@client.test"


def test_an_answer_to_all_holds_for_what_is_to_come_and_one_to_a_part_for_that(weekly, alice):
    series_guests.send(weekly, by=alice)

    assert _reply() == "answer to an invitation: accepted"
    later = occurrences.occurrence(Recurrence.objects.get(), "2026-04-13T09:00")
    assert set(Participant.objects.values_list("answer", flat=True)) == {"accepted"}
    assert _reply("DECLINED", slot="20260420T070000Z") == "answer to an invitation: declined"

    assert [p.answer for p in Participant.objects.order_by("task__slot")] == ["accepted", "accepted", "declined"]
    assert later.participants.get().answer == "accepted"
    assert Event.objects.filter(kind="task.answered").count() == 2
    assert _reply(slot="20260421T070000Z") == "an answer to an invitation that is not ours or no longer there"
    assert _reply(uid="0" * 32, sequence=5) == "an answer to an invitation that is not ours or no longer there"


def test_an_answer_to_the_rule_before_does_not_count(weekly, alice):
    series_guests.send(weekly, by=alice)
    weekly.refresh_from_db()
    series.change(weekly, "all", {}, wall=datetime(2026, 3, 23, 10), minutes=30, rule=None, minutes_before=[], by=alice)
    weekly.refresh_from_db()
    series_guests.send(weekly, by=alice)

    assert _reply(sequence=0) == "an answer to an earlier version of the invitation"
    assert _reply(sequence=1) == "answer to an invitation: accepted"


def test_who_was_invited_to_single_ones_gets_one_entry_instead(weekly, alice, smtp, time_machine):
    invitations.send(weekly, by=alice)
    series_guests.send(weekly, by=alice)

    found = [(method, [e["series"] for e in entries]) for method, entries in _calendars(smtp, time_machine)]

    assert found == [("REQUEST", [False]), ("CANCEL", [False]), ("REQUEST", [True])]


def test_nobody_is_invited_when_one_withdrew_consent(weekly, alice, ann):
    consents.state_consent(ann, "personal_data", given=False, source="call", by=alice)

    with pytest.raises(letters.LetterRefused):
        series_guests.send(weekly, by=alice)

    assert (Delivery.objects.count(), Recurrence.objects.get().people[0].get("told")) == (0, None)


@pytest.mark.parametrize("heard", [False, True])
def test_a_deletion_of_all_taken_back(client, weekly, alice, smtp, time_machine, heard):
    series_guests.send(weekly, by=alice)
    _calendars(smtp, time_machine)
    client.force_login(alice)
    answer = client.post(reverse("contacts:task_delete", args=[weekly.pk]), {"scope": "all"}, follow=True)
    undo = next(m.extra_tags.partition("undo:")[2].split()[0] for m in answer.context["messages"])
    left = _calendars(smtp, time_machine) if heard else []

    client.post(undo)

    row = Recurrence.objects.get()
    assert [method for method, _entries in left] == (["CANCEL"] if heard else [])
    assert len(series_guests.untold(row)) == (1 if heard else 0)
    assert _calendars(smtp, time_machine) == []
    if heard:
        series_guests.send(Task.objects.get(pk=weekly.pk), by=alice)
        ((method, (entry,)),) = _calendars(smtp, time_machine)
        assert (method, entry["SEQUENCE"], entry["RRULE"]) == ("REQUEST", "2", "FREQ=WEEKLY")


def test_one_that_a_colleague_has_now_still_takes_place(weekly, alice, bob, smtp, time_machine):
    series_guests.send(weekly, by=alice)
    third = occurrences.occurrence(Recurrence.objects.get(), "2026-04-06T09:00")
    tasks.delegate_task(third, bob, by=alice)
    tasks.set_guests(occurrences.occurrence(Recurrence.objects.get(), "2026-04-13T09:00"), [], by=alice)
    _calendars(smtp, time_machine)

    series.delete(occurrences.occurrence(Recurrence.objects.get(), "2026-04-27T09:00"), "following", by=alice)

    # Only the one from which she was taken out is not hers.
    ((method, (entry,)),) = _calendars(smtp, time_machine)
    assert (method, entry["RRULE"], entry["EXDATE"]) == (
        "REQUEST",
        "FREQ=WEEKLY;UNTIL=20260426T215959Z",
        "20260413T090000",
    )


def test_nothing_is_left_when_this_and_following_is_all(weekly, alice, smtp, time_machine):
    series_guests.send(weekly, by=alice)
    _calendars(smtp, time_machine)

    series.delete(weekly, "following", by=alice)

    ((method, (entry,)),) = _calendars(smtp, time_machine)
    assert (method, entry["STATUS"], entry["SEQUENCE"], entry["DTSTART"], entry["series"]) == (
        "CANCEL",
        "CANCELLED",
        "1",
        "20260323T090000",
        True,
    )
    assert "RRULE" not in entry
    assert Delivery.objects.latest("pk").text.splitlines()[:3] == ["Cancelled: Round", "08:00 (UTC)", ""]


def test_who_takes_part_no_longer_from_one_on_keeps_those_before(weekly, alice, smtp, time_machine):
    both = [*weekly.recurrence.people, {"contact": None, "name": "Bo", "email": "bo@client.test"}]
    _everything_from(weekly, {"people": both}, alice)
    weekly.refresh_from_db()
    series_guests.send(weekly, by=alice)
    _calendars(smtp, time_machine)
    third = occurrences.occurrence(Recurrence.objects.get(), "2026-04-06T09:00")

    row = _everything_from(third, {"people": both[:1]}, alice, scope="following")

    told = _calendars(smtp, time_machine)
    assert [(m, e["RRULE"], e["SEQUENCE"], e["series"]) for m, (e,) in told] == [
        ("REQUEST", "FREQ=WEEKLY;UNTIL=20260405T215959Z", "2", True)
    ] * 2
    assert [p["email"] for p in row.people] == ["ann@client.test"]
    assert list(Participant.objects.filter(email="bo@client.test").values_list("task__slot", "told")) == [
        ("2026-03-23T09:00", 1)
    ]

    first = Task.objects.get(slot="2026-03-23T09:00")
    _everything_from(first, {"people": both[:1]}, alice)
    ((method, (entry,)),) = _calendars(smtp, time_machine)
    assert (method, entry["SEQUENCE"], entry["series"]) == ("CANCEL", "3", True)
    assert Delivery.objects.latest("pk").to == "bo@client.test"


def test_the_end_of_whole_days_is_a_day_before_and_the_letter_says_since_when(weekly, alice, smtp, time_machine):
    """The one before the end is no row yet: the rule itself says where it ends."""
    Recurrence.objects.update(whole_day=True, starts="2026-03-23T17:00", minutes=None)
    row = Recurrence.objects.get()
    Task.objects.all().delete()
    occurrences.point_on(row)
    first = occurrences.occurrence(row, "2026-03-23T17:00")
    series_guests.send(first, by=alice)
    _calendars(smtp, time_machine)

    series.delete(occurrences.occurrence(Recurrence.objects.get(), "2026-04-13T17:00"), "following", by=alice)

    ((method, (entry,)),) = _calendars(smtp, time_machine)
    assert Recurrence.objects.get().next_slot == "2026-03-30T17:00"
    assert (method, entry["DTSTART"], entry["RRULE"]) == ("REQUEST", "20260323", "FREQ=WEEKLY;UNTIL=20260412")
    text = Delivery.objects.latest("pk").text.splitlines()
    assert text[:3] == ["Changed: Round", "23 Mar", "every week until 12 Apr"]
    first.refresh_from_db()
    assert TaskForm(instance=first, user=alice).initial["until"] == date(2026, 4, 12)


def _everything_from(task, values, by, *, scope="all"):
    wall = rules.slot_of(task.slot)
    return series.change(task, scope, values, wall=wall, minutes=30, rule=None, minutes_before=[], by=by)


def test_who_takes_part_in_nothing_that_is_left_is_not_invited_to_it(weekly, alice):
    third = occurrences.occurrence(Recurrence.objects.get(), "2026-04-06T09:00")
    series.delete(third, "following", by=alice)
    for task in [weekly, occurrences.occurrence(Recurrence.objects.get(), "2026-03-30T09:00")]:
        tasks.set_guests(task, [], by=alice)

    assert series_guests.send(weekly, by=alice) == 0

    assert not Delivery.objects.exists()
    assert Recurrence.objects.get().people[0].get("told") is None
