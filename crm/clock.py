"""Business time: pure functions over a calendar of working hours. Instants are aware; days are local to the calendar.

Daylight saving is exact: every working interval is turned into instants of its own day, so a Sunday of 25 hours
changes nothing about Monday.
"""

import re
from bisect import bisect_left
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

FARTHEST = 366 * 3  # days to look ahead before a calendar counts as empty


@dataclass(frozen=True)
class Hours:
    """A calendar: zone, intervals for each weekday (0 is Monday), and days with hours of their own.

    An interval is (start, end) in minutes after midnight; an end over 1440 goes into the next day. A special day's
    list replaces that day's hours: empty for a holiday, shorter for the eve of one, hours on a working Saturday.
    """

    zone: str = "UTC"
    week: dict = field(default_factory=dict)
    special: dict = field(default_factory=dict)

    def intervals(self, day: date):
        """The day's working intervals as pairs of instants, in order."""
        spans = self.special.get(day, self.week.get(day.weekday(), ()))
        return [(self._instant(day, start), self._instant(day, end)) for start, end in spans]

    def _instant(self, day, minutes):
        """The first instant at which the clock on the wall stands at that time, or is past it.

        A time that is skipped in spring is the instant of the change; one that comes twice in autumn, the first.
        """
        days, rest = divmod(minutes, 1440)
        zone = ZoneInfo(self.zone)
        wall = datetime.combine(day + timedelta(days=days), time(rest // 60, rest % 60))
        late = wall.replace(tzinfo=zone).astimezone(UTC)
        early = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
        if early >= late:
            return late
        skipped = range(int((late - early).total_seconds()))
        change = bisect_left(
            skipped, wall, key=lambda n: (early + timedelta(seconds=n)).astimezone(zone).replace(tzinfo=None)
        )
        return early + timedelta(seconds=change)


def business_seconds(hours: Hours, start: datetime, end: datetime) -> int:
    """Working seconds in [start, end); 0 when end is not after start."""
    total = 0.0
    for opens, closes in _working(hours, start, (end - start).days + 2):
        if opens >= end:
            break
        total += (min(closes, end) - opens).total_seconds()
    return round(total)


def add_business(hours: Hours, start: datetime, seconds: int) -> datetime:
    """The instant at which so many working seconds have passed since `start`.

    Raises ValueError when the calendar has no working time in the next three years.
    """
    left = float(seconds)
    for opens, closes in _working(hours, start, FARTHEST):
        room = (closes - opens).total_seconds()
        if left <= room:
            return opens + timedelta(seconds=left)
        left -= room
    raise ValueError("The calendar has no working time.")


def add_business_days(hours: Hours, day: date, n: int) -> date:
    """The n-th working day after `day`; with 0 `day` itself, or the next one when nobody works then.

    A calendar without working days counts plain days.
    """
    if not any(hours.week.values()) and not any(hours.special.values()):
        return day + timedelta(days=n)
    for _n in range(FARTHEST):
        works = bool(hours.special.get(day, hours.week.get(day.weekday(), ())))
        if works and n == 0:
            return day
        day += timedelta(days=1)
        n -= n > 0 and bool(hours.special.get(day, hours.week.get(day.weekday(), ())))
    raise ValueError("The calendar has no working time.")


def _working(hours, start, days):
    """Working intervals from `start` on, in order, each instant once: a night may reach into the hours of the next day."""
    # An interval of the day before may reach past midnight.
    day, reached = start.astimezone(ZoneInfo(hours.zone)).date() - timedelta(days=1), start
    for n in range(days + 1):
        for opens, closes in hours.intervals(day + timedelta(days=n)):
            if closes > reached:
                yield max(opens, reached), closes
                reached = closes


def parse_week(text: str) -> dict:
    """{weekday: [(start, end)]} from "0-4 09:00-13:00 14:00-18:00; 5 10:00-14:00".

    Raises ValueError with the part that cannot be read. "24:00" and "22:00-06:00" (overnight) are understood.
    """
    week = {}
    for part in filter(None, (piece.strip() for piece in text.split(";"))):
        days, *spans = part.split()
        first, _dash, last = days.partition("-")
        if not spans or not re.fullmatch(r"[0-6](-[0-6])?", days) or first > (last or first):
            raise ValueError(part)
        for day in range(int(first), int(last or first) + 1):
            week[day] = sorted([*week.get(day, []), *map(_span, spans)])
            if any(a[1] > b[0] for a, b in pairwise(week[day])):
                raise ValueError(part)
    return week


def _span(text):
    try:
        start, end = (_minutes(part) for part in text.split("-"))
    except ValueError:
        raise ValueError(text) from None
    return start, end if end > start else end + 1440


def _minutes(text):
    hours, minutes = (int(part) for part in text.split(":"))
    if not (0 <= hours <= 24 and 0 <= minutes < 60):
        raise ValueError(text)
    return hours * 60 + minutes
