"""A list as a calendar: one month by a date, in the zone of the person who looks."""

import calendar
from datetime import date, datetime, timedelta

from django.core.exceptions import BadRequest
from django.db.models import Count
from django.db.models.functions import TruncDate
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.conditions.operands import value_of
from crm.conditions.values import add_months, start_of
from crm.lists.drill import drill
from crm.lists.steps import context_of

A_DAY = 4  # rows named on a day; the others are counted
ROWS = 400


def draw(wish, item, params):
    """Weeks of days, each with its count and its first rows."""
    first = _month(params)
    weeks = calendar.Calendar(wish.user.week_start).monthdatescalendar(first.year, first.month)
    value = value_of(item, wish.page.subject)
    begin, behind = weeks[0][0], weeks[-1][-1] + timedelta(days=1)
    rows = _within(wish.shown(), value, item, begin, behind)
    counts = _counts(_within(wish.base(), value, item, begin, behind), item)
    named = _named(wish, item, rows)
    today = timezone.localdate()
    return {
        "first": first,
        "weeks": [[_day(wish, item, day, first, today, counts, named) for day in week] for week in weeks],
        "week_days": weeks[0],
        "count": sum(counts.values()),
        "before": wish.url(month=f"{add_months(first, -1):%Y-%m}"),
        "behind": wish.url(month=f"{add_months(first, 1):%Y-%m}"),
        "this": wish.url(month=None),
    }


def _month(params):
    """The first day of the month asked for; this month without a wish. Raises BadRequest."""
    text = params.get("month", "")
    if not text:
        return timezone.localdate().replace(day=1)
    try:
        found = datetime.strptime(text, "%Y-%m").date()
    except ValueError:
        found = date.min
    if not 1900 <= found.year <= 2200:
        raise BadRequest(_("There is no such month."))
    return found


def _within(rows, value, item, begin, behind):
    rows = rows.annotate(_on=value)
    if item.kind == "datetime":
        zone = timezone.get_current_timezone()
        begin, behind = start_of(begin, zone), start_of(behind, zone)
    return rows.filter(_on__gte=begin, _on__lt=behind)


def _counts(rows, item):
    if item.kind == "datetime":
        rows = rows.annotate(_day=TruncDate("_on", tzinfo=timezone.get_current_timezone()))
        name = "_day"
    else:
        name = "_on"
    found = rows.order_by().values_list(name).annotate(n=Count("pk"))
    return dict(found)


def _named(wish, item, rows):
    """{day: [row]}: the first rows of each day."""
    context, found = context_of(wish), {}
    for row in rows.order_by("_on", "pk")[:ROWS]:
        row.in_list = context
        row.at = row._on
        day = timezone.localtime(row.at).date() if item.kind == "datetime" else row.at
        if len(found.setdefault(day, [])) < A_DAY:
            found[day].append(row)
    return found


def _day(wish, item, day, first, today, counts, named):
    n, rows = counts.get(day, 0), named.get(day, [])
    node = {"field": item.name, "op": "is", "value": day.isoformat()}
    return {
        "day": day,
        "out": day.month != first.month,
        "today": day == today,
        "count": n,
        "rows": rows,
        "more": n - len(rows),
        "url": drill(wish, node) if n else "",
        "timed": item.kind == "datetime",
    }
