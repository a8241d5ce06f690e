"""What repeats: a subset of RFC 5545 rules over the clock on the wall, turned into instants as late as possible.

A rule speaks of local time: "every Monday at nine" stays at nine when summer time begins. A time that a spring day
leaves out is that much later (02:30 becomes 03:30, as RFC 5545 reads it), one that comes twice in autumn is the first.
"""

import calendar
import re
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
MOST = 730  # occurrences that a counted rule may have
_PART = {
    "FREQ": r"DAILY|WEEKLY|MONTHLY|YEARLY",
    "INTERVAL": r"[1-9]\d?",
    "COUNT": r"[1-9]\d{0,2}",
    "UNTIL": r"\d{8}T\d{6}",
    "BYDAY": r"(-?[1-5])?(MO|TU|WE|TH|FR|SA|SU)(,(-?[1-5])?(MO|TU|WE|TH|FR|SA|SU))*",
    "BYMONTHDAY": r"-?\d\d?(,-?\d\d?)*",
    "BYMONTH": r"1?\d",
    "BYSETPOS": r"-?1",
}


def parse(rule):
    """{part: value} of a rule. Raises ValueError for one outside the subset."""
    parts = dict(piece.partition("=")[::2] for piece in rule.split(";"))
    wrong = [name for name, value in parts.items() if name not in _PART or not re.fullmatch(_PART[name], value)]
    if wrong or "FREQ" not in parts or {"COUNT", "UNTIL"} <= set(parts) or int(parts.get("COUNT", 1)) > MOST:
        raise ValueError(rule)
    return parts


def build(frequency, start, *, interval=1, days=(), same_weekday=False, until=None, count=None):
    """A rule from what a form asks. `start` is the first occurrence, `until` the last day.

    A day that a month lacks becomes its last one: the 31st is the 30th in April, 29 February the 28th.
    """
    parts = {"FREQ": frequency, "INTERVAL": str(interval) if interval > 1 else ""}
    if frequency == "WEEKLY" and days:
        parts["BYDAY"] = ",".join(day for day in DAYS if day in days)
    elif frequency == "MONTHLY" and same_weekday:
        last = start.day + 7 > calendar.monthrange(start.year, start.month)[1]
        parts["BYDAY"] = f"{-1 if last else (start.day + 6) // 7}{DAYS[start.weekday()]}"
    elif frequency == "MONTHLY" and start.day > 28:
        parts |= {"BYMONTHDAY": ",".join(map(str, range(28, start.day + 1))), "BYSETPOS": "-1"}
    elif frequency == "YEARLY" and (start.month, start.day) == (2, 29):
        parts |= {"BYMONTH": "2", "BYMONTHDAY": "28,29", "BYSETPOS": "-1"}
    if count:
        parts["COUNT"] = str(count)
    elif until:
        parts["UNTIL"] = f"{until:%Y%m%d}T235959"
    rule = ";".join(f"{name}={value}" for name, value in parts.items() if value)
    parse(rule)
    return rule


def ending_before(rule, start, wall):
    """(the rule with its last occurrence before `wall`, how many occurrences it then has).

    It ends with the day before, as `build` ends it: where days are told without hours, its own day would be one more.
    """
    parts = parse(rule)
    counted = parts.pop("COUNT", None)
    parts["UNTIL"] = f"{wall - timedelta(days=1):%Y%m%d}T235959"
    shorter = ";".join(f"{name}={value}" for name, value in parts.items())
    before = sum(1 for _slot in takewhile(lambda slot: slot < wall, _rule(rule, start))) if counted else 0
    return shorter, before


def until_of(parts):
    """The wall time up to which a parsed rule goes."""
    return datetime.strptime(parts["UNTIL"], "%Y%m%dT%H%M%S")


def with_count(rule, count):
    """The rule with another number of occurrences; as it is when it is not counted."""
    return re.sub(r"COUNT=\d+", f"COUNT={count}", rule)


def slots(rule, start, *, after=None, before=None, skipped=()):
    """The wall times of a rule from `start` on, in order: those in [after, before), without the skipped ones.

    Without `before` a rule may be endless: take only what is needed.
    """
    skipped = set(skipped)
    source = _rule(rule, start)
    for slot in source.xafter(after, inc=True) if after else source:
        if before is not None and slot >= before:
            return
        if slot not in skipped:
            yield slot


def has(rule, start, slot):
    """Whether a wall time is one of the rule's."""
    return next(slots(rule, start, after=slot), None) == slot


def instant(wall, zone):
    """The instant at which the clock on the wall of that zone stands at `wall`."""
    return wall.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def wall_of(moment, zone):
    """What the clock on the wall of that zone shows at an instant, in whole minutes."""
    return moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None, second=0, microsecond=0)


def slot_text(wall):
    """A wall time as it is kept: "2026-03-29T09:00"."""
    return f"{wall:%Y-%m-%dT%H:%M}"


def slot_of(text):
    """The wall time of a kept text. Raises ValueError for anything else."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d", text):
        raise ValueError(text)
    return datetime.fromisoformat(text)


def _rule(rule, start):
    parse(rule)
    return rrulestr(rule, dtstart=start)
