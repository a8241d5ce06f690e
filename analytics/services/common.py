"""What all figures share: their shape, days, rows of SQL."""

from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from django.db import connection

from crm.models import Workspace


@dataclass
class Figure:
    """A KPI over a range. `parts` are (name, label, value, unit); `series` are (label, value) of the picture."""

    value: Decimal | None
    parts: list = field(default_factory=list)
    series: list = field(default_factory=list)


def instant(day):
    """The beginning of a day in the company's zone."""
    return datetime.combine(day, time(), ZoneInfo(Workspace.get().time_zone))


def span(first, last):
    """Both ends of a half-open range of days as instants."""
    return {"first": instant(first), "last": instant(last)}


def row(sql, **values):
    """The first row of a query as a dictionary."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        names = [column[0] for column in cursor.description]
        return dict(zip(names, cursor.fetchone(), strict=True))


def rows(sql, **values):
    """All rows of a query as tuples."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()


def share(part, whole):
    """A percentage with one decimal, or None of nothing."""
    return (Decimal(part) * 100 / Decimal(whole)).quantize(Decimal("0.1"), ROUND_HALF_UP) if whole else None


def month_ends(first, last):
    """The days on which the months within a range end (as the day after), the last one being `last` itself."""
    ends = []
    day = first
    while day < last:
        day = min((day.replace(day=1) + timedelta(days=32)).replace(day=1), last)
        ends.append(day)
    return ends
