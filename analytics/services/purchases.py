"""Figures about customers and what they paid."""

from datetime import timedelta

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from analytics.models import ClvFit, OrderFact
from analytics.services.common import EVERYBODY, Figure, instant, month_ends, row, rows, share, span
from contacts.models import Contact
from deals.models import Order

# Who has paid within so many days is a customer.
ACTIVE = timedelta(days=365)
BY = ("owner", "teams")


def retention(first, last, *, scope=EVERYBODY, picture=True):
    """Customers of the first day who are still customers on the last, in percent. New ones do not count."""
    ends = _points(first, last) if picture else [last]
    windows = {f"w{n}": day for n, day in enumerate(ends)}
    values = {"a_from": instant(first - ACTIVE), "a_to": instant(first)}
    for name, day in windows.items():
        values |= {f"{name}_from": instant(day - ACTIVE), f"{name}_to": instant(day)}
    within = "bool_or(paid_at >= %({0}_from)s AND paid_at < %({0}_to)s) AS {0}"
    marks = ", ".join(within.format(name) for name in ("a", *windows))
    counts = ", ".join(f"count(*) FILTER (WHERE a AND {name}) AS {name}" for name in windows)
    found = row(
        f"SELECT count(*) FILTER (WHERE a) AS started, {counts} FROM (SELECT contact_id, {marks} FROM analytics_orderfact"  # noqa: S608
        f" WHERE paid_at >= %(a_from)s AND paid_at < %(w{len(ends) - 1}_to)s AND contact_id IS NOT NULL{scope.sql(*BY)} GROUP BY contact_id) people",
        **values,
        **scope.values,
    )
    started, stayed = found["started"], found[f"w{len(ends) - 1}"]
    parts = [
        ("started", _("Customers on the first day"), started, "number"),
        ("stayed", _("Stayed"), stayed, "number"),
        ("left", _("Left"), started - stayed, "number"),
    ]
    series = [(day.isoformat(), share(found[name], started)) for name, day in windows.items()] if picture else []
    return Figure(share(stayed, started), parts, series)


def retention_records(first, last, part, scope=EVERYBODY):
    """Customers of the first day: all, those who stayed, those who left."""
    people = Contact.objects.filter(Exists(_bought(first, scope)))
    if part in {"stayed", "left"}:
        stayed = Exists(_bought(last, scope))
        people = people.filter(stayed if part == "stayed" else ~stayed)
    return people


def lifetime_value(first, last, *, scope=EVERYBODY, picture=True):
    """Average revenue of all who ever paid before the last day; predicted beside it."""
    found = row(
        "SELECT count(DISTINCT contact_id) AS customers, sum(amount_base) AS revenue FROM analytics_orderfact"  # noqa: S608
        f" WHERE paid_at < %(last)s AND contact_id IS NOT NULL{scope.sql(*BY)}",
        last=instant(last),
        **scope.values,
    )
    value = (found["revenue"] / found["customers"]).quantize(found["revenue"]) if found["customers"] else None
    if not picture:
        return Figure(value)
    fit = ClvFit.objects.first() if scope == EVERYBODY else None
    parts = [
        ("customers", _("Customers"), found["customers"], "number"),
        ("revenue", _("Revenue"), found["revenue"], "money"),
        ("predicted", _("Expected in the next twelve months"), fit.value if fit else None, "money"),
    ]
    return Figure(value, parts, _lifetime_by_year(last, scope))


def _lifetime_by_year(last, scope):
    """Average revenue until the last day by the year in which people first bought anything."""
    years = rows(
        "SELECT extract(year FROM first_at AT TIME ZONE %(zone)s)::int, sum(amount_base), count(DISTINCT contact_id) FROM analytics_orderfact"  # noqa: S608
        f" WHERE paid_at < %(last)s AND contact_id IS NOT NULL{scope.sql(*BY)} GROUP BY 1 ORDER BY 1",
        **_in_zone(last=instant(last)),
        **scope.values,
    )
    return [(str(year), (revenue / people).quantize(revenue)) for year, revenue, people in years]


def lifetime_records(first, last, part, scope=EVERYBODY):
    """All who ever paid before the last day."""
    return Contact.objects.filter(
        Exists(OrderFact.objects.filter(contact_id=OuterRef("pk"), paid_at__lt=instant(last), **scope.lookups(*BY)))
    )


def revenue(first, last, *, scope=EVERYBODY, picture=True):
    """Paid orders before tax, by month."""
    values = _in_zone(**span(first, last)) | scope.values
    within = f"FROM analytics_orderfact WHERE paid_at >= %(first)s AND paid_at < %(last)s{scope.sql(*BY)}"
    if not picture:
        return Figure(row(f"SELECT sum(amount_base) AS revenue {within}", **values)["revenue"])
    found = row(
        f"SELECT sum(amount_base) AS revenue, count(*) AS orders, count(DISTINCT contact_id) AS customers {within}",
        **values,
    )
    months = rows(
        f"SELECT date_trunc('month', paid_at AT TIME ZONE %(zone)s) AS month, sum(amount_base) {within} GROUP BY 1 ORDER BY 1",
        **values,
    )
    parts = [
        ("orders", _("Orders"), found["orders"], "number"),
        ("customers", _("Customers"), found["customers"], "number"),
    ]
    return Figure(found["revenue"], parts, [(f"{month:%Y-%m}", amount) for month, amount in months])


def revenue_records(first, last, part, scope=EVERYBODY):
    """The orders paid in the range; for the customers, those who paid them."""
    within = {"paid_at__gte": instant(first), "paid_at__lt": instant(last), **scope.lookups(*BY)}
    if part == "customers":
        return Contact.objects.filter(Exists(OrderFact.objects.filter(contact_id=OuterRef("pk"), **within)))
    return Order.objects.filter(cancelled_at=None, **within)


def _in_zone(**values):
    return {"zone": str(next(iter(values.values())).tzinfo), **values}


def _points(first, last):
    """Days at which the picture shows who is still there: months, in longer ranges quarters; the last one is `last`."""
    ends = month_ends(max(first, last - timedelta(days=366)), last)
    return ends if len(ends) <= 6 else ends[::-3][::-1]


def _bought(day, scope):
    """Purchases that make the person in question a customer on the morning of a day."""
    return OrderFact.objects.filter(
        contact_id=OuterRef("pk"), paid_at__gte=instant(day - ACTIVE), paid_at__lt=instant(day), **scope.lookups(*BY)
    )
