"""Promised times: every trap of calendars and pauses, with values counted by an independent reference."""

from datetime import UTC, date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse
from hypothesis import given, settings
from hypothesis import strategies as st

from contacts.services import people
from crm import outbox
from crm.clock import Hours, add_business, business_seconds, parse_week
from crm.models import BusinessCalendar, Event, Notification, SpecialDay
from tickets.models import SlaBreach, SlaTarget, Ticket
from tickets.services import desk, promises

H = 3600
OFFICE = Hours("Europe/Berlin", parse_week("0-4 09:00-18:00"))
LUNCH = Hours("Europe/Berlin", parse_week("0-4 09:00-13:00 14:00-18:00"))
NIGHT = Hours("Europe/Berlin", parse_week("0-6 22:00-06:00"))
ALWAYS = Hours("Europe/Berlin", parse_week("0-6 00:00-24:00"))
TUESDAYS = Hours("Europe/Berlin", parse_week("1 08:00-17:00"))
NEW_YORK = Hours("America/New_York", parse_week("0-4 09:00-18:00"))
MOSCOW = Hours("Europe/Moscow", parse_week("0-4 09:00-18:00"), {date(2026, 6, 12): []})
SATURDAY = Hours(
    "Europe/Moscow",
    parse_week("0-4 09:00-18:00"),
    {date(2025, 11, 1): [(540, 1020)], date(2025, 11, 3): [], date(2025, 11, 4): []},
)


def at(text, zone="Europe/Berlin"):
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize(
    ("hours", "start", "n", "due"),
    [
        pytest.param(OFFICE, "2026-03-27 17:00", 4, "2026-03-30T10:00Z", id="S1"),
        pytest.param(OFFICE, "2026-10-23 17:00", 4, "2026-10-26T11:00Z", id="S2"),
        pytest.param(ALWAYS, "2026-03-29T01:30+01:00", 2, "2026-03-29T02:30Z", id="S3a"),
        pytest.param(ALWAYS, "2026-10-25T01:30+02:00", 2, "2026-10-25T01:30Z", id="S3b"),
        pytest.param(NIGHT, "2026-03-28 22:00", 8, "2026-03-29T21:00Z", id="S4"),
        pytest.param(LUNCH, "2026-07-01 12:30", 2, "2026-07-01T15:30+02:00", id="S6a"),
        pytest.param(LUNCH, "2026-07-01 13:20", 1, "2026-07-01T15:00+02:00", id="S6b"),
        pytest.param(OFFICE, "2026-07-03 17:00", 1, "2026-07-03T18:00+02:00", id="S7a"),
        pytest.param(OFFICE, "2026-07-03 18:00", 1, "2026-07-06T10:00+02:00", id="S7b"),
        pytest.param(OFFICE, "2026-07-04 11:00", 1, "2026-07-06T10:00+02:00", id="S7c"),
        pytest.param(NEW_YORK, "2007-01-01T22:00Z", 2, "2007-01-02T15:00Z", id="S8a"),
        pytest.param(MOSCOW, "2007-01-01T22:00Z", 2, "2007-01-02T08:00Z", id="S8b"),
        pytest.param(MOSCOW, "2026-06-11T17:00+03:00", 2, "2026-06-15T10:00+03:00", id="S9"),
        pytest.param(SATURDAY, "2025-10-31T17:30+03:00", 4, "2025-11-01T12:30+03:00", id="S10a"),
        pytest.param(SATURDAY, "2025-11-01T16:00+03:00", 2, "2025-11-05T10:00+03:00", id="S10b"),
        pytest.param(TUESDAYS, "2026-07-08 10:00", 10, "2026-07-21T09:00+02:00", id="S11"),
    ],
)
def test_the_due_instant(hours, start, n, due):
    assert add_business(hours, at(start), n * H) == at(due)


@st.composite
def calendars(draw):
    """A zone with changes of the clock, up to three intervals on some weekdays, a few days of their own."""

    def spans():
        edges = sorted(draw(st.lists(st.integers(0, 47), min_size=2, max_size=6, unique=True)))
        return [(a * 30, b * 30) for a, b in zip(edges[::2], edges[1::2], strict=False)]

    week = {day: spans() for day in draw(st.sets(st.integers(0, 6), min_size=1))}
    first = date(2026, 3, 20)
    special = {
        first + timedelta(days=n): draw(st.sampled_from([[], [(600, 720)]]))
        for n in draw(st.sets(st.integers(0, 20), max_size=4))
    }
    return Hours(
        draw(st.sampled_from(["Europe/Berlin", "America/New_York", "UTC", "Pacific/Kiritimati"])), week, special
    )


def _minute_by_minute(hours, start, minutes):
    """The oracle: walks over real minutes and looks at the wall clock of each."""
    zone, now = ZoneInfo(hours.zone), start
    while minutes:
        local = now.astimezone(zone)
        spans = hours.special.get(local.date(), hours.week.get(local.weekday(), ()))
        if any(a <= local.hour * 60 + local.minute < b for a, b in spans):
            minutes -= 1
        now += timedelta(minutes=1)
    return now


STARTS = st.datetimes(datetime(2026, 3, 20), datetime(2026, 4, 5), timezones=st.just(UTC)).map(
    lambda moment: moment.replace(second=0, microsecond=0)
)


def test_s24_elapsed_undoes_due_and_due_grows_on_ten_thousand_calendars():
    dice = Random(24)

    def spans():
        edges = sorted(dice.sample(range(144), dice.choice([2, 4, 6])))  # until noon of the next day
        return [(a * 15, b * 15) for a, b in zip(edges[::2], edges[1::2], strict=True)]

    zones = ["Europe/Berlin", "America/New_York", "UTC", "Pacific/Kiritimati", "Asia/Kathmandu", "Australia/Lord_Howe"]
    for _n in range(10_000):
        week = {day: spans() for day in dice.sample(range(7), dice.randint(1, 7))}
        special = {date(2026, 3, dice.randint(20, 31)): dice.choice([[], [(600, 720)]]) for _d in range(3)}
        hours = Hours(dice.choice(zones), week, special)
        start = datetime(2026, 3, 20, tzinfo=UTC) + timedelta(seconds=dice.randint(0, 1_400_000))
        seconds = dice.randint(1, 36_000)

        due = add_business(hours, start, seconds)

        assert business_seconds(hours, start, due) == seconds
        assert add_business(hours, start, seconds + 60) > due


@settings(max_examples=200, deadline=None)
@given(hours=calendars(), start=STARTS, minutes=st.integers(1, 600))
def test_s24_the_due_instant_is_that_of_a_walk_over_every_minute(hours, start, minutes):
    due = add_business(hours, start, minutes * 60)

    assert business_seconds(hours, start, due) == minutes * 60
    assert add_business(hours, start, minutes * 60 + 60) > due
    if due - start < timedelta(days=15):
        assert due == _minute_by_minute(hours, start, minutes)


@pytest.fixture
def calendar(workspace):
    return BusinessCalendar.objects.create(name="Office", time_zone="Europe/Berlin", week="0-4 09:00-18:00")


@pytest.fixture
def eight_hours(calendar):
    return SlaTarget.objects.create(priority="normal", calendar=calendar, first_response=60, resolution=480)


@pytest.fixture
def open_at(alice, eight_hours, time_machine):
    """Opens a ticket at a moment of Berlin; the clock stands there."""

    def opened(text):
        time_machine.move_to(at(text), tick=False)
        ann = people.create_contact(by=alice, first_name="Ann", email="ann@example.com")
        return desk.open_ticket(subject="Zero", requester=ann, owner=alice, by=alice)

    return opened


@pytest.fixture
def then(time_machine, alice):
    """Moves the clock and the ticket: then(ticket, moment, status)."""

    def moved(ticket, text, status):
        time_machine.move_to(at(text), tick=False)
        return desk.set_status(ticket, status, by=alice)

    return moved


@pytest.mark.django_db
def test_s13_a_calendar_without_working_time_promises_nothing(open_at, calendar):
    BusinessCalendar.objects.update(week="")

    ticket = open_at("2026-07-06 10:00")

    assert (ticket.first_response_due_at, ticket.resolution_due_at) == (None, None)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "fields", [{"week": ""}, {"week": "0-4"}, {"week": "0 09:00-12:00; 0 11:00-13:00"}, {"time_zone": "Mars/Olympus"}]
)
def test_s13_hours_that_cannot_be_are_refused_with_what_was_typed(client, admin, calendar, fields):
    client.force_login(admin)

    answer = client.post(
        reverse("tickets:calendar_edit", args=[calendar.pk]),
        {"name": "Typed", "time_zone": "Europe/Berlin", "week": "0-4 09:00-18:00"} | fields,
    )

    assert answer.status_code == 422
    assert 'value="Typed"' in answer.content.decode()
    assert BusinessCalendar.objects.filter(name="Office", week="0-4 09:00-18:00").exists()


@pytest.mark.django_db
def test_s14_a_pause_moves_the_promise_by_its_working_time(open_at, then):
    ticket = open_at("2026-07-06 10:00")
    then(ticket, "2026-07-06 12:00", "pending")

    ticket = then(ticket, "2026-07-07 12:00", "open")

    assert ticket.resolution_due_at == at("2026-07-07 18:00")


@pytest.mark.django_db
def test_s15_a_pause_in_closed_time_moves_nothing(open_at, then, eight_hours):
    SlaTarget.objects.update(resolution=240)
    ticket = open_at("2026-07-03 16:00")
    then(ticket, "2026-07-03 20:00", "pending")

    ticket = then(ticket, "2026-07-05 10:00", "open")

    assert ticket.resolution_due_at == at("2026-07-06 11:00")


@pytest.mark.django_db
def test_s17_solved_out_of_a_pause_the_pause_does_not_count(open_at, then):
    ticket = open_at("2026-07-06 10:00")
    then(ticket, "2026-07-06 11:00", "pending")

    ticket = then(ticket, "2026-07-09 11:00", "resolved")

    assert ticket.business_resolution == 1 * H


@pytest.mark.django_db
def test_s18_opened_again_it_goes_on_where_it_stood(open_at, then):
    ticket = open_at("2026-07-06 10:00")
    then(ticket, "2026-07-06 11:00", "resolved")

    ticket = then(ticket, "2026-07-08 10:00", "open")

    assert (ticket.resolution_due_at, ticket.reopened) == (at("2026-07-08 17:00"), 1)
    assert then(ticket, "2026-07-08 11:00", "resolved").business_resolution == 2 * H


@pytest.mark.django_db
def test_s20_the_same_pause_twice_is_one(open_at, then):
    ticket = open_at("2026-07-06 10:00")
    then(ticket, "2026-07-06 11:00", "pending")
    then(ticket, "2026-07-06 12:00", "pending")

    ticket = then(ticket, "2026-07-06 13:00", "open")

    assert ticket.waited == 2 * H
    assert ticket.resolution_due_at == at("2026-07-07 11:00")


@pytest.mark.django_db
def test_s23_other_hours_count_the_pause_anew(open_at, then, calendar):
    BusinessCalendar.objects.update(week="0-6 00:00-24:00")
    ticket = open_at("2026-07-06 10:00")
    then(ticket, "2026-07-06 12:00", "pending")
    ticket = then(ticket, "2026-07-06 20:00", "open")
    assert ticket.resolution_due_at == at("2026-07-07 02:00")

    BusinessCalendar.objects.update(week="0-4 09:00-18:00")
    promises.recompute({"priority": "normal"})

    ticket.refresh_from_db()
    # Of the pause only the 6 h until closing time were working time.
    assert (ticket.waited, ticket.resolution_due_at) == (6 * H, at("2026-07-07 15:00"))


@pytest.mark.django_db
def test_a_pause_counts_in_the_hours_of_the_new_priority(open_at, then, calendar, alice):
    always = BusinessCalendar.objects.create(name="Always", time_zone="Europe/Berlin", week="0-6 00:00-24:00")
    SlaTarget.objects.create(priority="urgent", calendar=always, first_response=30, resolution=240)
    ticket = open_at("2026-07-06 10:00")
    then(ticket, "2026-07-06 17:00", "pending")
    then(ticket, "2026-07-07 10:00", "open")

    ticket = desk.set_priority(ticket, "urgent", by=alice)

    assert (ticket.waited, ticket.resolution_due_at) == (17 * H, at("2026-07-07 07:00"))


@pytest.mark.django_db
def test_an_answer_given_while_the_clock_stands_counts_no_pause(open_at, then, alice, time_machine):
    ticket = open_at("2026-07-06 10:00")
    then(ticket, "2026-07-06 10:20", "pending")
    time_machine.move_to(at("2026-07-06 12:00"), tick=False)

    desk.reply(ticket, "Here", by=alice)

    ticket.refresh_from_db()
    assert ticket.business_response == 20 * 60
    assert then(ticket, "2026-07-06 14:00", "resolved").business_resolution == 20 * 60


@pytest.mark.django_db
def test_without_hours_every_second_but_the_pauses_counts(open_at, then):
    SlaTarget.objects.all().delete()
    ticket = open_at("2026-07-03 10:00")
    then(ticket, "2026-07-03 11:00", "pending")

    assert then(ticket, "2026-07-06 11:00", "resolved").business_resolution == 1 * H


@pytest.mark.django_db
def test_a_priority_changed_after_a_pause_keeps_the_pause(open_at, then, calendar, alice):
    SlaTarget.objects.create(priority="high", calendar=calendar, first_response=30, resolution=240)
    ticket = open_at("2026-07-06 10:00")
    then(ticket, "2026-07-06 11:00", "pending")
    then(ticket, "2026-07-06 13:00", "open")

    ticket = desk.set_priority(ticket, "high", by=alice)

    assert ticket.resolution_due_at == at("2026-07-06 16:00")


@pytest.mark.django_db
def test_s21_only_a_person_who_answers_the_client_ends_the_first_response(open_at, alice, time_machine):
    ticket = open_at("2026-07-06 10:00")
    desk.receive(ticket, text="Help")
    time_machine.move_to(at("2026-07-06 10:30"), tick=False)
    desk.receive(ticket, text="Still there?")
    desk.receive(ticket, text="I am away", automatic=True)
    desk.note(ticket, "Look", by=alice)
    desk.note(ticket, "The letter came back", by=None)
    ticket.refresh_from_db()
    assert ticket.first_response_at is None

    time_machine.move_to(at("2026-07-06 10:50"), tick=False)
    desk.reply(ticket, "Here", by=alice)

    ticket.refresh_from_db()
    assert (ticket.first_response_at, ticket.business_response) == (at("2026-07-06 10:50"), 50 * 60)


@pytest.mark.django_db
def test_s22_a_missed_promise_is_noted_once_at_the_moment_it_was_due(open_at, alice, time_machine):
    ticket = open_at("2026-07-06 10:00")
    assert promises.note_breaches() == 0

    time_machine.move_to(at("2026-07-06 17:00"), tick=False)
    counts = [promises.note_breaches() for _n in range(3)]

    assert counts == [1, 0, 0]
    assert SlaBreach.objects.get().due_at == at("2026-07-06 11:00")
    assert Event.objects.get(kind="ticket.overdue").occurred_at == at("2026-07-06 11:00")
    assert Notification.objects.get(kind="ticket.overdue").user == alice
    desk.set_status(ticket, "resolved", by=alice)
    time_machine.move_to(at("2026-07-09 17:00"), tick=False)
    assert promises.note_breaches() == 0


@pytest.mark.django_db
def test_s22_the_same_instant_for_eyes_in_every_zone(client, open_at, alice):
    ticket = open_at("2026-07-06 10:00")
    seen = set()
    for zone in ("Europe/Moscow", "America/New_York", "Pacific/Kiritimati"):
        alice.time_zone = zone
        alice.save()
        client.force_login(alice)
        page = client.get(ticket.get_absolute_url()).content.decode()
        seen.add(datetime.fromisoformat(page.partition('data-due="')[2].partition('"')[0]))

    assert seen == {at("2026-07-06 11:00")}


@pytest.mark.django_db
def test_a_ticket_that_waits_for_the_client_misses_nothing(open_at, then, time_machine):
    ticket = open_at("2026-07-06 10:00")
    then(ticket, "2026-07-06 10:30", "pending")
    time_machine.move_to(at("2026-07-20 10:00"), tick=False)

    assert promises.note_breaches() == 0


@pytest.mark.django_db
def test_s23_an_edited_calendar_moves_open_tickets_and_no_closed_one(client, open_at, then, admin, calendar):
    closed = open_at("2026-07-06 10:00")
    then(closed, "2026-07-06 10:30", "closed")
    ticket = open_at("2026-07-06 10:00")
    client.force_login(admin)

    client.post(
        reverse("tickets:calendar_edit", args=[calendar.pk]),
        {"name": "Office", "time_zone": "Europe/Berlin", "week": "0-4 09:00-12:00"},
    )
    client.post(
        reverse("tickets:special_day_new", args=[calendar.pk]), {"day": "2026-07-07", "name": "Off", "hours": ""}
    )
    outbox.run_due()

    ticket.refresh_from_db()
    before, closed.resolution_due_at = closed.resolution_due_at, None
    closed.refresh_from_db()
    # 2 h on Monday, none on Tuesday, 3 h each on Wednesday and Thursday.
    assert ticket.resolution_due_at == at("2026-07-09 12:00")
    assert closed.resolution_due_at == before == at("2026-07-06 18:00")
    assert {e.target_id for e in Event.objects.filter(kind="ticket.promise_moved")} == {ticket.pk}

    client.post(reverse("tickets:special_day_delete", args=[SpecialDay.objects.get().pk]))
    outbox.run_due()
    ticket.refresh_from_db()
    assert ticket.resolution_due_at == at("2026-07-08 12:00")
    assert Ticket.objects.count() == 2
