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


@dataclass(frozen=True)
class Scope:
    """Whose figure: of an owner, of a team with those below it, of a pipeline, of a mailbox; None is everybody's."""

    owner: int | None = None
    teams: tuple | None = None
    pipeline: int | None = None
    mailbox: int | None = None

    def sql(self, *names):
        """A predicate over the columns of a fact, to be put behind others; its values are in `values`."""
        columns = {
            "owner": "owner_id = %(owner)s",
            "teams": "team_id = ANY(%(teams)s)",
            "pipeline": "pipeline_id = %(pipeline)s",
            "mailbox": "mailbox_id = %(mailbox)s",
        }
        return "".join(f" AND {columns[name]}" for name in names if getattr(self, name) is not None)

    @property
    def values(self):
        return {
            "owner": self.owner,
            "teams": list(self.teams or ()),
            "pipeline": self.pipeline,
            "mailbox": self.mailbox,
        }

    def lookups(self, *names):
        """The same as lookups of the records themselves."""
        paths = {"owner": "owner_id", "teams": "team_id__in", "pipeline": "pipeline_id", "mailbox": "mailbox_id"}
        return {paths[name]: getattr(self, name) for name in names if getattr(self, name) is not None}


EVERYBODY = Scope()


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


def months_of(first, last):
    """The first days of the months that a range touches."""
    return [first, *(day for day in month_ends(first, last) if day < last)]


def parted(column, days):
    """SQL that numbers rows by the span between these days they fall into, from 1, and its value `parts`.

    Comparing with a few instants costs a tenth of turning every instant into a local date.
    """
    return f"width_bucket({column}, %(parts)s::timestamptz[])", {"parts": [instant(day) for day in days]}


def month_ends(first, last):
    """The days on which the months within a range end (as the day after), the last one being `last` itself."""
    ends = []
    day = first
    while day < last:
        day = min((day.replace(day=1) + timedelta(days=32)).replace(day=1), last)
        ends.append(day)
    return ends
