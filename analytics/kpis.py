"""The figures a company steers by: each defined once, for its page, the command line and every test.

All ranges are half-open days [first, last) in the company's zone. A figure that cannot be worked out is None, never 0.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from django.utils.translation import gettext_lazy as _

from analytics.services import facts, purchases, sales, service
from analytics.services.common import EVERYBODY
from crm import field_access


@dataclass(frozen=True)
class Kpi:
    """`compute(first, last, scope=, picture=True)` gives a Figure, with its parts and series only for the picture;
    `records(first, last, part, scope)` the rows behind it, before rights.

    Units: percent, money, seconds, number. `better` is "up" or "down". `by` names what the figure can be narrowed to.
    """

    name: str
    label: str
    definition: str
    unit: str
    compute: Callable
    records: Callable
    kind: str
    by: tuple
    better: str = "up"


KPIS = [
    Kpi(
        "retention",
        _("Customer retention"),
        _(
            "Of the customers who had bought within the year before the first day, the share who had also bought within the year before the last."
        ),
        "percent",
        purchases.retention,
        purchases.retention_records,
        "contact",
        purchases.BY,
    ),
    Kpi(
        "clv",
        _("Customer lifetime value"),
        _(
            "What an average customer has paid until the last day; beside it what the purchase model expects of the next twelve months."
        ),
        "money",
        purchases.lifetime_value,
        purchases.lifetime_records,
        "contact",
        purchases.BY,
    ),
    Kpi(
        "handling_time",
        _("Request handling speed"),
        _(
            "Median working time from receipt to full solution of the requests solved in these days; a reopened request counts from its receipt to its last solution."
        ),
        "seconds",
        service.handling_time,
        service.handling_records,
        "ticket",
        service.BY,
        "down",
    ),
    Kpi(
        "funnel",
        _("Sales funnel"),
        _("Of the deals opened in these days, the share that has been won so far; a skipped stage counts as reached."),
        "percent",
        sales.funnel,
        sales.funnel_records,
        "deal",
        sales.BY,
    ),
    Kpi(
        "win_rate",
        _("Win rate"),
        _("Of the deals closed in these days, the share that was won."),
        "percent",
        sales.win_rate,
        sales.win_records,
        "deal",
        sales.BY,
    ),
    Kpi(
        "revenue",
        _("Revenue"),
        _("What was paid in these days, before tax, in the company's currency at the rate of the day."),
        "money",
        purchases.revenue,
        purchases.revenue_records,
        "order",
        purchases.BY,
    ),
]
_BY_NAME = {kpi.name: kpi for kpi in KPIS}


def kpi_named(name):
    """The KPI, or KeyError."""
    return _BY_NAME[name]


def shown_to(user):
    """The KPIs that somebody may see: none in money for those from whom the amounts of deals are hidden."""
    return [kpi for kpi in KPIS if kpi.unit != "money" or sees_money(user)]


def sees_money(user):
    """Whether sums of what customers pay are the user's to see."""
    return field_access.may_see(user, "deal", "amount")


def before(first, last):
    """The range of the same length right before: thirty days are held against thirty days."""
    return first - (last - first), first


def change(now, then):
    """How much a figure has changed in percent of the earlier one, or None when there is nothing to compare with."""
    if now is None or not then:
        return None
    return ((Decimal(now) - Decimal(then)) / Decimal(then) * 100).quantize(Decimal("0.1"), ROUND_HALF_UP)


def points(now, then):
    """How many percentage points a share has moved, or None when there is nothing to compare with."""
    return None if now is None or then is None else now - then


def as_json(kpi, first: date, last: date, scope=EVERYBODY):
    """A KPI as plain data: what the command prints and the page shows. Changes that wait are counted first."""
    facts.settle()
    figure = kpi.compute(first, last, scope=scope)
    earlier = kpi.compute(*before(first, last), scope=scope, picture=False)
    return {
        "kpi": kpi.name,
        "from": first.isoformat(),
        "to": last.isoformat(),
        "unit": kpi.unit,
        "value": _plain(figure.value),
        "before": _plain(earlier.value),
        "change_percent": _plain(change(figure.value, earlier.value)),
        "change_points": _plain(points(figure.value, earlier.value)) if kpi.unit == "percent" else None,
        "parts": [{"name": n, "label": str(label), "value": _plain(v), "unit": u} for n, label, v, u in figure.parts],
        "series": [{"label": str(label), "value": _plain(v)} for label, v in figure.series],
    }


def _plain(value):
    """Decimals as text, so that no cent is lost on the way."""
    return str(value) if isinstance(value, Decimal) else value
