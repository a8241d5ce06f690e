"""Figures about customers and what they paid."""

from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from analytics.models import ClvFit, OrderFact
from analytics.services.common import EVERYBODY, Figure, instant, month_ends, months_of, parted, row, rows, share, span
from contacts.models import Contact
from deals.models import Order

# Who has paid within so many days is a customer.
ACTIVE = timedelta(days=365)
BY = ("owner", "teams")


def retention(first, last, *, scope=EVERYBODY, picture=True):
    """Customers of the first day who are still customers on the last, in percent. New ones do not count."""
    ends = _points(first, last) if picture else [last]
    found = _stayed(first, ends, scope)
    started, stayed = found["started"], found[f"w{len(ends) - 1}"]
    parts = [
        ("started", _("Customers on the first day"), started, "number"),
        ("stayed", _("Stayed"), stayed, "number"),
        ("left", pgettext("customers", "Left"), started - stayed, "number"),
    ]
    series = [(day.isoformat(), share(found[f"w{n}"], started)) for n, day in enumerate(ends)] if picture else []
    return Figure(share(stayed, started), parts, series)


def _stayed(first, ends, scope):
    """How many were customers on the first day (`started`), and how many of these on each of `ends` (`w0`, `w1` …)."""
    values = {"a_from": instant(first - ACTIVE), "a_to": instant(first), "until": instant(ends[-1])}
    for n, day in enumerate(ends):
        values |= {f"w{n}_from": instant(day - ACTIVE), f"w{n}_to": instant(day)}
    places = range(len(ends))
    if ends[-1] - ACTIVE <= first:
        # The last purchase before the first day and the next one after it decide everything: half the work.
        marks = (
            "max(paid_at) FILTER (WHERE paid_at < %(a_to)s) AS a, min(paid_at) FILTER (WHERE paid_at >= %(a_to)s) AS b"
        )
        stays = [f"(a >= %(w{n}_from)s OR b < %(w{n}_to)s)" for n in places]
        before = "a IS NOT NULL"
    else:
        within = "bool_or(paid_at >= %({0}_from)s AND paid_at < %({0}_to)s) AS {0}"
        marks = ", ".join(within.format(name) for name in ("a", *(f"w{n}" for n in places)))
        stays, before = [f"w{n}" for n in places], "a"
    counts = ", ".join(f"count(*) FILTER (WHERE {stay}) AS w{n}" for n, stay in enumerate(stays))
    return row(
        f"SELECT count(*) AS started, {counts} FROM (SELECT contact_id, {marks} FROM analytics_orderfact"  # noqa: S608
        f" WHERE paid_at >= %(a_from)s AND paid_at < %(until)s AND contact_id IS NOT NULL{scope.sql(*BY)} GROUP BY contact_id) people"
        f" WHERE {before}",
        **values,
        **scope.values,
    )


def retention_records(first, last, part, scope=EVERYBODY):
    """Customers of the first day: all, those who stayed, those who left."""
    people = Contact.objects.filter(Exists(_bought(first, scope)))
    if part in {"stayed", "left"}:
        stayed = Exists(_bought(last, scope))
        people = people.filter(stayed if part == "stayed" else ~stayed)
    return people


def lifetime_value(first, last, *, scope=EVERYBODY, picture=True):
    """Average revenue of all who ever paid before the last day; predicted beside it. The picture: by year of the first purchase."""
    years = _lifetime_by_year(last, scope)
    customers = sum(people for _year, _revenue, people in years)
    revenue = sum((amount for _year, amount, _people in years), Decimal(0)) if years else None
    value = (revenue / customers).quantize(revenue) if customers else None
    if not picture:
        return Figure(value)
    fit = ClvFit.objects.first() if scope == EVERYBODY else None
    parts = [
        ("customers", _("Customers"), customers, "number"),
        ("revenue", _("Revenue"), revenue, "money"),
        ("predicted", _("Expected in the next twelve months"), fit.value if fit else None, "money"),
    ]
    return Figure(value, parts, [(str(year), (amount / people).quantize(amount)) for year, amount, people in years])


def _lifetime_by_year(last, scope):
    """(year of the first purchase, revenue until the last day, people)."""
    years = list(range(1990, last.year + 1))
    part, values = parted("first_at", [date(year, 1, 1) for year in years])
    # Everybody has one first purchase; of one owner's purchases it need not be among them.
    people = "count(*) FILTER (WHERE is_first)" if scope == EVERYBODY else "count(DISTINCT contact_id)"
    found = rows(
        f"SELECT {part}, sum(amount_base), {people} FROM analytics_orderfact"  # noqa: S608
        f" WHERE paid_at < %(last)s AND contact_id IS NOT NULL{scope.sql(*BY)} GROUP BY 1 ORDER BY 1",
        last=instant(last),
        **values,
        **scope.values,
    )
    return [(years[max(place, 1) - 1], amount, n) for place, amount, n in found]


def lifetime_records(first, last, part, scope=EVERYBODY):
    """All who ever paid before the last day."""
    return Contact.objects.filter(
        Exists(OrderFact.objects.filter(contact_id=OuterRef("pk"), paid_at__lt=instant(last), **scope.lookups(*BY)))
    )


def revenue(first, last, *, scope=EVERYBODY, picture=True):
    """Paid orders before tax, by month."""
    values = span(first, last) | scope.values
    within = f"FROM analytics_orderfact WHERE paid_at >= %(first)s AND paid_at < %(last)s{scope.sql(*BY)}"
    if not picture:
        return Figure(row(f"SELECT sum(amount_base) AS revenue {within}", **values)["revenue"])
    # Hashing the buyers takes half the time of count(DISTINCT), which sorts every purchase.
    people = f"SELECT count(contact_id) AS n FROM (SELECT DISTINCT contact_id {within}) buyers"  # noqa: S608
    customers = row(people, **values)["n"]
    months = months_of(first, last)
    part, bounds = parted("paid_at", months)
    found = rows(f"SELECT {part}, sum(amount_base), count(*) {within} GROUP BY 1 ORDER BY 1", **values, **bounds)
    parts = [
        ("orders", _("Orders"), sum(n for _place, _amount, n in found), "number"),
        ("customers", _("Customers"), customers, "number"),
    ]
    total = sum((amount for _place, amount, _n in found), Decimal(0)) if found else None
    return Figure(total, parts, [(f"{months[place - 1]:%Y-%m}", amount) for place, amount, _n in found])


def revenue_records(first, last, part, scope=EVERYBODY):
    """The orders paid in the range; for the customers, those who paid them."""
    within = {"paid_at__gte": instant(first), "paid_at__lt": instant(last), **scope.lookups(*BY)}
    if part == "customers":
        return Contact.objects.filter(Exists(OrderFact.objects.filter(contact_id=OuterRef("pk"), **within)))
    return Order.objects.filter(cancelled_at=None, **within)


def _points(first, last):
    """Days at which the picture shows who is still there: months, in longer ranges quarters; the last one is `last`."""
    ends = month_ends(max(first, last - timedelta(days=366)), last)
    return ends if len(ends) <= 6 else ends[::-3][::-1]


def _bought(day, scope):
    """Purchases that make the person in question a customer on the morning of a day."""
    return OrderFact.objects.filter(
        contact_id=OuterRef("pk"), paid_at__gte=instant(day - ACTIVE), paid_at__lt=instant(day), **scope.lookups(*BY)
    )
