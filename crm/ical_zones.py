"""VTIMEZONE components (RFC 5545, 3.6.5) out of the system's table of zones.

The library lists the clock changes of a span of years as dates. Outlook and others read only rules ("the last Sunday of
March"), so a zone whose changes follow one is written with it, as far as this shows in ten years to come.
"""

import calendar
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

AHEAD = 10  # years whose clock changes are looked at
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


@lru_cache(maxsize=256)
def component(name, year):
    """The VTIMEZONE of a zone for entries from that year on. Raises ZoneInfoNotFoundError for a name unknown."""
    from icalendar import Timezone

    zone = Timezone()
    zone.add("tzid", name)
    begin = datetime(year - 1, 1, 1, tzinfo=UTC)
    changes = _changes(ZoneInfo(name), begin, datetime(year + AHEAD, 1, 1, tzinfo=UTC))
    rules = _rules(changes)
    if not rules:
        offset = begin.astimezone(ZoneInfo(name)).utcoffset()
        zone.add_component(_observance(datetime(1970, 1, 1), offset, offset))
    for wall, before, after in rules or changes:
        zone.add_component(_observance(wall, before, after, rules.get((wall, before, after))))
    return zone


def _changes(zone, begin, end):
    """[(clock before the change, offset before, offset after)] of the clock changes in [begin, end)."""
    found, moment = [], begin
    while moment < end:
        later = moment + timedelta(days=1)
        before, after = (instant.astimezone(zone).utcoffset() for instant in (moment, later))
        if before != after:
            instant = _instant_of_change(zone, moment, later)
            found.append(((instant + before).replace(tzinfo=None), before, after))
        moment = later
    return found


def _instant_of_change(zone, early, late):
    before = early.astimezone(zone).utcoffset()
    while late - early > timedelta(minutes=1):
        middle = (early + (late - early) / 2).replace(second=0, microsecond=0)
        early, late = (middle, late) if middle.astimezone(zone).utcoffset() == before else (early, middle)
    return late


def _rules(changes):
    """{first change: its yearly rule}; {} unless all changes follow one for each direction, every year."""
    found = {}
    for direction in {(before, after) for _wall, before, after in changes}:
        walls = [wall for wall, *offsets in changes if tuple(offsets) == direction]
        days = set.intersection(*({(wall.month, wall.time(), day) for day in _names_of(wall)} for wall in walls))
        if len(days) < 1 or [wall.year for wall in walls] != [walls[0].year + n for n in range(AHEAD + 1)]:
            return {}
        month, _time, day = min(days, key=lambda found: found[2])  # "-1SU" before "4SU"
        found[(walls[0], *direction)] = {"FREQ": "YEARLY", "BYMONTH": month, "BYDAY": day}
    return found


def _names_of(wall):
    """What a day may be called in its month: "2SU", and "-1SU" when it is the last one."""
    day = DAYS[wall.weekday()]
    yield f"{(wall.day + 6) // 7}{day}"
    if wall.day + 7 > calendar.monthrange(wall.year, wall.month)[1]:
        yield f"-1{day}"


def _observance(wall, before, after, rule=None):
    from icalendar import TimezoneDaylight, TimezoneStandard

    found = TimezoneDaylight() if after > before else TimezoneStandard()
    found.add("dtstart", wall)
    found.add("tzoffsetfrom", before)
    found.add("tzoffsetto", after)
    if rule:
        found.add("rrule", rule)
    return found
