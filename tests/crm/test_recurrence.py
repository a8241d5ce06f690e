"""Rules over the clock on the wall: exact days and instants, across summer time, short months and leap years."""

import re
from datetime import UTC, date, datetime
from itertools import islice

import pytest

from crm import recurrence


def _days(rule, start, n):
    return [f"{slot:%Y-%m-%d}" for slot in islice(recurrence.slots(rule, start), n)]


def test_nine_oclock_stays_nine_when_summer_time_begins_and_ends():
    start = datetime(2026, 3, 23, 9, 0)
    rule = recurrence.build("WEEKLY", start)
    spring = [recurrence.instant(s, "Europe/Berlin") for s in islice(recurrence.slots(rule, start), 2)]
    assert spring == [datetime(2026, 3, 23, 8, tzinfo=UTC), datetime(2026, 3, 30, 7, tzinfo=UTC)]

    october = list(recurrence.slots(rule, start, after=datetime(2026, 10, 19), before=datetime(2026, 11, 1)))
    assert [recurrence.instant(s, "Europe/Berlin") for s in october] == [
        datetime(2026, 10, 19, 7, tzinfo=UTC),
        datetime(2026, 10, 26, 8, tzinfo=UTC),
    ]


def test_a_skipped_time_is_later_and_a_repeated_one_the_first():
    assert recurrence.instant(datetime(2026, 3, 29, 2, 30), "Europe/Berlin") == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert recurrence.instant(datetime(2026, 10, 25, 2, 30), "Europe/Berlin") == datetime(
        2026, 10, 25, 0, 30, tzinfo=UTC
    )


@pytest.mark.parametrize(
    ("frequency", "start", "more", "rule", "days"),
    [
        ("MONTHLY", (2026, 1, 31), {}, "FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1",
         ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"]),
        ("MONTHLY", (2027, 12, 30), {}, "FREQ=MONTHLY;BYMONTHDAY=28,29,30;BYSETPOS=-1",
         ["2027-12-30", "2028-01-30", "2028-02-29", "2028-03-30"]),
        ("MONTHLY", (2026, 3, 15), {"interval": 2}, "FREQ=MONTHLY;INTERVAL=2", ["2026-03-15", "2026-05-15"]),
        ("MONTHLY", (2026, 11, 26), {"same_weekday": True}, "FREQ=MONTHLY;BYDAY=-1TH",
         ["2026-11-26", "2026-12-31", "2027-01-28"]),
        ("MONTHLY", (2026, 11, 10), {"same_weekday": True}, "FREQ=MONTHLY;BYDAY=2TU", ["2026-11-10", "2026-12-08"]),
        ("YEARLY", (2028, 2, 29), {}, "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=28,29;BYSETPOS=-1",
         ["2028-02-29", "2029-02-28", "2030-02-28", "2031-02-28", "2032-02-29"]),
        ("WEEKLY", (2026, 11, 25), {"days": ["FR", "MO"], "count": 3}, "FREQ=WEEKLY;BYDAY=MO,FR;COUNT=3",
         ["2026-11-27", "2026-11-30", "2026-12-04"]),
        ("DAILY", (2026, 12, 30), {"until": date(2027, 1, 1)}, "FREQ=DAILY;UNTIL=20270101T235959",
         ["2026-12-30", "2026-12-31", "2027-01-01"]),
    ],
)  # fmt: skip
def test_what_a_form_asks_becomes_a_rule_with_these_days(frequency, start, more, rule, days):
    start = datetime(*start, 10, 0)

    assert recurrence.build(frequency, start, **more) == rule
    assert _days(rule, start, len(days)) == days


def test_a_range_leaves_out_what_is_skipped():
    start = datetime(2026, 11, 2, 10)
    found = recurrence.slots(
        "FREQ=DAILY",
        start,
        after=datetime(2026, 11, 4),
        before=datetime(2026, 11, 8),
        skipped=[datetime(2026, 11, 5, 10)],
    )
    assert [slot.day for slot in found] == [4, 6, 7]


def test_a_rule_is_cut_before_an_occurrence_and_its_count_shared():
    start = datetime(2026, 11, 2, 10)
    assert recurrence.ending_before("FREQ=WEEKLY;COUNT=10", start, datetime(2026, 11, 23, 10)) == (
        "FREQ=WEEKLY;UNTIL=20261122T235959",
        3,
    )
    assert recurrence.with_count("FREQ=WEEKLY;COUNT=10", 7) == "FREQ=WEEKLY;COUNT=7"
    assert recurrence.has("FREQ=WEEKLY;COUNT=10", start, datetime(2026, 11, 16, 10))
    assert not recurrence.has("FREQ=WEEKLY;COUNT=10", start, datetime(2026, 11, 17, 10))


@pytest.mark.parametrize(
    "rule",
    ["FREQ", "FREQ=SECONDLY", "FREQ=DAILY;BYHOUR=1", "INTERVAL=2", "FREQ=DAILY;COUNT=999", "FREQ=DAILY;INTERVAL=0",
     "FREQ=DAILY;COUNT=3;UNTIL=20261123T095959", "FREQ=DAILY\nX:1"],
)  # fmt: skip
def test_other_rules_are_refused(rule):
    with pytest.raises(ValueError, match=re.escape(rule)):
        recurrence.parse(rule)


def test_slots_are_kept_as_text():
    assert recurrence.slot_text(datetime(2026, 3, 29, 9)) == "2026-03-29T09:00"
    assert recurrence.slot_of("2026-03-29T09:00") == datetime(2026, 3, 29, 9)
    with pytest.raises(ValueError, match="2026"):
        recurrence.slot_of("2026-03-29 09:00")
    assert recurrence.wall_of(datetime(2026, 7, 1, 7, 0, 30, tzinfo=UTC), "Europe/Berlin") == datetime(2026, 7, 1, 9)
