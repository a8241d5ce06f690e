"""What repeats in calendars outside: the rule in its zone, what differs from it, whole years of clock changes.

What a client would show is worked out by the rules of RFC 5545 out of the text alone, with the VTIMEZONE that goes along.
"""

from datetime import UTC, date, datetime, timedelta

import pytest
from dateutil.rrule import rrulestr
from dateutil.tz import tzical
from icalendar import Calendar

from contacts.models import CalendarFeed, Recurrence
from contacts.services import feed, occurrences, series, tasks
from crm import ical, ical_zones
from crm import recurrence as rules

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 23, 7, 0, tzinfo=UTC)  # a Monday, 8:00 in Berlin


@pytest.fixture(autouse=True)
def _morning(workspace, time_machine):
    time_machine.move_to(NOW, tick=False)


def _repeat(alice, rule, due=NOW + timedelta(hours=1), zone="Europe/Berlin", minutes=30):
    task = tasks.create_task(
        owner=alice, by=alice, title="Round", kind="meeting", due_at=due, ends_at=due + timedelta(minutes=minutes)
    )
    occurrences.begin(task, rule, zone)
    return task


def _feed(user):
    row = CalendarFeed.of_token(CalendarFeed.make(user, shows_details=True))
    return feed.of_user(row)


def _shown(text, until):
    """[start in UTC] of all that a client shows up to an instant."""
    lines = text.decode().replace("\r\n ", "")
    zones = tzical(_File(lines)) if "BEGIN:VTIMEZONE" in lines else None
    events = Calendar.from_ical(text).walk("VEVENT")
    instead = {(str(e["UID"]), e.decoded("RECURRENCE-ID").astimezone(UTC)) for e in events if "RECURRENCE-ID" in e}
    found = []
    for entry in events:
        start = entry.decoded("DTSTART")
        if "RRULE" not in entry:
            found.append(start.astimezone(UTC))
            continue
        # The clock changes are read out of the file, not out of a table of this machine.
        start = start.replace(tzinfo=zones.get(str(entry["DTSTART"].params["TZID"])))
        rule = rrulestr(entry["RRULE"].to_ical().decode(), dtstart=start)
        gone = _exdates(entry)
        for moment in rule.between(start, until, inc=True):
            moment = moment.astimezone(UTC)
            if moment not in gone and (str(entry["UID"]), moment) not in instead:
                found.append(moment)
    return sorted(found)


def _exdates(entry):
    values = entry.get("EXDATE", [])
    return {d.dt.astimezone(UTC) for value in (values if isinstance(values, list) else [values]) for d in value.dts}


class _File:
    """A text as the reader of zones takes a file."""

    def __init__(self, text):
        self.read = lambda: text
        self.name = "calendar"


@pytest.mark.parametrize(
    ("zone", "hours"),
    [
        ("Europe/Berlin", [("2026-03-28", 8), ("2026-03-29", 7), ("2026-10-24", 7), ("2026-10-25", 8), ("2027-03-28", 7)]),
        ("America/New_York", [("2026-03-28", 13), ("2026-10-31", 13), ("2026-11-01", 14), ("2027-03-13", 14), ("2027-03-14", 13)]),
        ("Asia/Yekaterinburg", [("2026-03-28", 4), ("2026-03-29", 4), ("2026-10-25", 4), ("2027-03-28", 4)]),
    ],
)  # fmt: skip
def test_nine_o_clock_stays_nine_o_clock_over_the_changes_of_the_clock(alice, zone, hours):
    _repeat(alice, "FREQ=DAILY", rules.instant(datetime(2026, 3, 24, 9), zone), zone)

    text = _feed(alice)

    shown = _shown(text, datetime(2027, 4, 1, tzinfo=UTC))
    assert text.count(b"BEGIN:VEVENT") == 1
    assert f"TZID:{zone}\r\n".encode() in text
    for day, hour in hours:
        assert [s for s in shown if f"{s:%Y-%m-%d}" == day] == [
            datetime.fromisoformat(day).replace(hour=hour, tzinfo=UTC)
        ]
    assert len(shown) == (date(2027, 3, 31) - date(2026, 3, 24)).days + 1


def test_the_zone_is_written_with_the_rules_that_clients_know():
    def lines(name):
        return [
            line for line in ical_zones.component(name, 2026).to_ical().decode().split("\r\n")
            if line.startswith(("RRULE", "DTSTART", "TZOFF", "BEGIN:ST", "BEGIN:D"))
        ]  # fmt: skip

    assert sorted(lines("Europe/Berlin")) == [
        "BEGIN:DAYLIGHT", "BEGIN:STANDARD", "DTSTART:20250330T020000", "DTSTART:20251026T030000",
        "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10", "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3",
        "TZOFFSETFROM:+0100", "TZOFFSETFROM:+0200", "TZOFFSETTO:+0100", "TZOFFSETTO:+0200",
    ]  # fmt: skip
    assert sorted(lines("America/New_York"))[4:6] == [
        "RRULE:FREQ=YEARLY;BYDAY=1SU;BYMONTH=11",
        "RRULE:FREQ=YEARLY;BYDAY=2SU;BYMONTH=3",
    ]
    assert lines("Asia/Yekaterinburg") == [
        "BEGIN:STANDARD", "DTSTART:19700101T000000", "TZOFFSETFROM:+0500", "TZOFFSETTO:+0500",
    ]  # fmt: skip
    # Ramadan moves: no yearly rule, each change is written.
    assert not [line for line in lines("Africa/Casablanca") if line.startswith("RRULE")]
    assert lines("Africa/Casablanca").count("BEGIN:DAYLIGHT") == 12  # twice in 2030


def test_what_was_moved_dropped_or_given_away_differs_from_the_rule(alice, bob):
    _repeat(alice, "FREQ=WEEKLY;COUNT=8")
    row = Recurrence.objects.get()

    def on(slot):
        return occurrences.occurrence(Recurrence.objects.get(), slot)

    tasks.set_due(on("2026-04-06T09:00"), datetime(2026, 4, 7, 13, 0, tzinfo=UTC), by=alice)
    tasks.delete_task(on("2026-04-13T09:00"), by=alice)
    tasks.delegate_task(on("2026-04-20T09:00"), bob, by=alice)
    text = _feed(alice)

    assert [f"{s:%m-%dT%H:%M}" for s in _shown(text, datetime(2027, 1, 1, tzinfo=UTC))] == [
        "03-23T08:00", "03-30T07:00", "04-07T13:00", "04-27T07:00", "05-04T07:00", "05-11T07:00",
    ]  # fmt: skip
    lines = text.decode().split("\r\n")
    assert [line for line in lines if line.startswith(("RRULE:FREQ=WEEKLY", "EXDATE", "RECURRENCE-ID"))] == [
        "RRULE:FREQ=WEEKLY;UNTIL=20260511T070000Z",
        "EXDATE;TZID=Europe/Berlin:20260413T090000,20260420T090000",
        "RECURRENCE-ID;TZID=Europe/Berlin:20260406T090000",
    ]
    assert len({line for line in lines if line.startswith("UID")}) == 1
    assert [f"{s:%m-%d}" for s in _shown(_feed(bob), datetime(2027, 1, 1, tzinfo=UTC))] == ["04-20"]
    assert row.occurrences.count() == 3


def test_one_given_to_a_colleague_who_takes_part_stands_in_his_calendar_alone(alice, bob, carol):
    task = _repeat(alice, "FREQ=WEEKLY;COUNT=4")
    people = [{"user": user.pk, "name": user.name, "email": user.email} for user in (bob, carol)]
    Recurrence.objects.update(people=people)
    tasks.set_guests(task, people, by=alice)

    third = occurrences.occurrence(Recurrence.objects.get(), "2026-04-06T09:00")
    tasks.delegate_task(third, bob, by=alice)
    tasks.set_guests(occurrences.occurrence(Recurrence.objects.get(), "2026-04-13T09:00"), people[1:], by=alice)

    shown = {
        user: [f"{s:%m-%d}" for s in _shown(_feed(user), NOW + timedelta(days=90))] for user in (alice, bob, carol)
    }
    assert shown == {
        alice: ["03-23", "03-30", "04-13"],
        bob: ["03-23", "03-30", "04-06"],
        carol: ["03-23", "03-30", "04-06", "04-13"],
    }


def test_a_rule_that_was_ended_ends_outside_too(alice):
    _repeat(alice, "FREQ=DAILY")
    task = occurrences.occurrence(Recurrence.objects.get(), "2026-03-26T09:00")

    series.delete(task, "following", by=alice)
    following = _shown(_feed(alice), datetime(2027, 1, 1, tzinfo=UTC))
    tasks.finish_task(Recurrence.objects.get().occurrences.order_by("slot").first(), by=alice)
    series.delete(Recurrence.objects.get().occurrences.order_by("slot").first(), "all", by=alice)

    assert [f"{s:%m-%d}" for s in following] == ["03-23", "03-24", "03-25"]
    # What is done stays.
    assert [f"{s:%m-%d}" for s in _shown(_feed(alice), datetime(2027, 1, 1, tzinfo=UTC))] == ["03-23"]


def test_this_and_following_makes_a_second_rule(alice):
    _repeat(alice, "FREQ=DAILY;COUNT=6")
    task = occurrences.occurrence(Recurrence.objects.get(), "2026-03-26T09:00")

    series.change(
        task, "following", {}, wall=datetime(2026, 3, 26, 11), minutes=60, rule=None, minutes_before=[], by=alice
    )

    text = _feed(alice)
    assert [f"{s:%m-%dT%H}" for s in _shown(text, datetime(2027, 1, 1, tzinfo=UTC))] == [
        "03-23T08", "03-24T08", "03-25T08", "03-26T10", "03-27T10", "03-28T10",
    ]  # fmt: skip
    assert text.count(b"RRULE:FREQ=DAILY") == 2


def test_what_was_missed_in_a_long_silence_is_not_shown(alice, time_machine):
    _repeat(alice, "FREQ=DAILY")
    time_machine.move_to(NOW + timedelta(days=5), tick=False)
    occurrences.make_next(Recurrence.objects.get())

    shown = _shown(_feed(alice), datetime(2026, 3, 31, 23, tzinfo=UTC))

    assert [f"{s:%m-%d}" for s in shown] == ["03-23", "03-27", "03-28", "03-29", "03-30", "03-31"]


def test_days_without_hours_are_dates(alice):
    entry = ical.event("a", title="Fair", start=date(2026, 3, 28), end=date(2026, 3, 31), stamp=NOW)
    ical.repeat(entry, "FREQ=YEARLY;UNTIL=20290401T235959", "Europe/Berlin", without=[datetime(2027, 3, 28, 17)])
    other = ical.event("a", title="Fair", start=date(2028, 4, 1), end=date(2028, 4, 2), stamp=NOW)
    ical.instead(other, datetime(2028, 3, 28, 17), "Europe/Berlin", whole=True)

    lines = ical.calendar([entry, other]).decode().split("\r\n")

    assert [line for line in lines if line.startswith(("DTSTART", "DTEND", "RRULE", "EXDATE", "RECURR", "BEGIN:VTIME"))] == [
        "DTSTART;VALUE=DATE:20260328", "DTEND;VALUE=DATE:20260331", "RRULE:FREQ=YEARLY;UNTIL=20290401", "EXDATE;VALUE=DATE:20270328",
        "DTSTART;VALUE=DATE:20280401", "DTEND;VALUE=DATE:20280402", "RECURRENCE-ID;VALUE=DATE:20280328",
    ]  # fmt: skip
