"""Business time, with the golden cases of the KPI definitions."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.clock import Hours, add_business, business_seconds, parse_week

BERLIN = Hours("Europe/Berlin", parse_week("0-4 09:00-18:00"))
H = 3600


def at(text, zone="Europe/Berlin"):
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def test_a_weekend_with_a_change_of_the_clock():
    opened, solved = at("2026-03-27 16:30"), at("2026-03-30 10:15")

    assert solved.astimezone(UTC) - opened.astimezone(UTC) == timedelta(hours=64, minutes=45)
    assert business_seconds(BERLIN, opened, solved) == 2 * H + 45 * 60


@pytest.mark.parametrize(
    ("week", "start", "end", "hours"),
    [
        ("0-4 09:00-18:00", "2026-11-23 08:00", "2026-11-23 20:00", 9),
        ("0-4 09:00-13:00 14:00-18:00", "2026-11-23 12:00", "2026-11-23 15:00", 2),
        ("0-6 22:00-06:00", "2026-11-23 00:00", "2026-11-24 00:00", 8),
        ("0-6 00:00-24:00", "2026-10-25 00:00", "2026-10-26 00:00", 25),
        ("0-6 00:00-24:00", "2026-03-29 00:00", "2026-03-30 00:00", 23),
        # At 02:00 the clocks go to 03:00: what would lie between does not happen.
        ("6 02:00-02:30", "2026-03-29 00:00", "2026-03-30 00:00", 0),
        ("6 01:30-02:30", "2026-03-29 00:00", "2026-03-30 00:00", 0.5),
        ("6 02:30-04:00", "2026-03-29 00:00", "2026-03-30 00:00", 1),
        # In autumn the hour from 02:00 comes twice: the first one counts.
        ("6 01:30-02:30", "2026-10-25 00:00", "2026-10-26 00:00", 1),
        ("5 10:00-14:00", "2026-11-23 00:00", "2026-11-30 00:00", 4),
        # A night that reaches into the hours of the next day counts once.
        ("0-1 22:00-10:00 09:00-18:00", "2026-11-24 08:00", "2026-11-24 18:00", 10),
        ("0 09:00-12:00; 0 13:00-15:00", "2026-11-23 00:00", "2026-11-24 00:00", 5),
        ("0-4 09:00-18:00", "2026-11-23 12:00", "2026-11-23 12:00", 0),
        ("0-4 09:00-18:00", "2026-11-23 12:00", "2026-11-23 11:00", 0),
    ],
)
def test_only_working_time_counts(week, start, end, hours):
    assert business_seconds(Hours("Europe/Berlin", parse_week(week)), at(start), at(end)) == hours * H


def test_holidays_short_days_and_working_saturdays_replace_the_week():
    special = {date(2026, 11, 4): [], date(2026, 11, 3): [(540, 1020)], date(2026, 11, 7): [(540, 1080)]}
    moscow = Hours("Europe/Moscow", parse_week("0-4 09:00-18:00"), special)

    assert (
        business_seconds(moscow, at("2026-11-03 00:00", "Europe/Moscow"), at("2026-11-09 00:00", "Europe/Moscow"))
        == (8 + 0 + 9 + 9 + 9) * H
    )


@pytest.mark.parametrize(
    ("start", "hours", "due"),
    [
        ("2026-11-23 10:00", 4, "2026-11-23 14:00"),
        ("2026-11-23 17:00", 2, "2026-11-24 10:00"),
        ("2026-11-27 17:00", 2, "2026-11-30 10:00"),
        ("2026-11-28 12:00", 1, "2026-11-30 10:00"),
        ("2026-11-23 06:00", 0, "2026-11-23 09:00"),
    ],
)
def test_a_target_falls_into_working_time(start, hours, due):
    assert add_business(BERLIN, at(start), hours * H) == at(due)


def test_a_calendar_without_hours_is_an_error_not_a_loop():
    with pytest.raises(ValueError, match="no working time"):
        add_business(Hours(), datetime(2026, 1, 1, tzinfo=UTC), 60)


@pytest.mark.parametrize(
    "text",
    [
        "7 09:00-18:00",
        "0-4",
        "0 9-18",
        "0 09:00-25:00",
        "4-0 09:00-10:00",
        "0 09:00-12:00 11:00-13:00",
        "0 9:0-10:00; 0 09:30-11:00",
    ],
)
def test_hours_that_cannot_be_are_refused(text):
    with pytest.raises(ValueError, match=".+"):
        parse_week(text)


INSTANTS = st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))


@given(start=INSTANTS, seconds=st.integers(0, 30 * 24 * H))
def test_adding_and_measuring_agree(start, seconds):
    assert business_seconds(BERLIN, start, add_business(BERLIN, start, seconds)) == seconds


@given(a=INSTANTS, b=INSTANTS, c=INSTANTS)
def test_time_adds_up_over_any_cut(a, b, c):
    first, middle, last = sorted([a.replace(microsecond=0), b.replace(microsecond=0), c.replace(microsecond=0)])

    assert business_seconds(BERLIN, first, last) == business_seconds(BERLIN, first, middle) + business_seconds(
        BERLIN, middle, last
    )
