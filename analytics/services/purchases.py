"""Figures about customers and what they paid."""

from datetime import timedelta

from django.utils.translation import gettext as _

from analytics.models import ClvFit
from analytics.services.common import Figure, instant, month_ends, row, rows, share, span
from contacts.models import Contact
from deals.models import Order

# Who has paid within this time is a customer.
ACTIVE = timedelta(days=365)
_ACTIVE_AT = "SELECT DISTINCT contact_id FROM deals_order WHERE paid_at >= %({0})s - interval '365 days' AND paid_at < %({0})s AND cancelled_at IS NULL AND contact_id IS NOT NULL"
_STARTED = _ACTIVE_AT.format("first")
_STAYED = _ACTIVE_AT.format("last")


def retention(first, last, *, picture=True):
    """Customers of the first day who are still customers on the last, in percent. New ones do not count."""
    found = row(
        f"SELECT count(*) AS started, count(b.contact_id) AS stayed FROM ({_STARTED}) a LEFT JOIN ({_STAYED}) b USING (contact_id)",  # noqa: S608
        **span(first, last),
    )
    series = []
    for end in _points(first, last) if picture else ():
        part = row(
            f"SELECT count(*) AS started, count(b.contact_id) AS stayed FROM ({_STARTED}) a LEFT JOIN ({_STAYED}) b USING (contact_id)",  # noqa: S608
            first=instant(first),
            last=instant(end),
        )
        series.append((end.isoformat(), share(part["stayed"], part["started"])))
    left = found["started"] - found["stayed"]
    parts = [
        ("started", _("Customers on the first day"), found["started"], "number"),
        ("stayed", _("Stayed"), found["stayed"], "number"),
        ("left", _("Left"), left, "number"),
    ]
    return Figure(share(found["stayed"], found["started"]), parts, series)


def retention_records(first, last, part):
    """Customers of the first day: all, those who stayed, those who left."""
    started = Order.objects.filter(**_window(first)).values("contact")
    stayed = Order.objects.filter(**_window(last)).values("contact")
    people = Contact.objects.filter(pk__in=started)
    return {"stayed": people.filter(pk__in=stayed), "left": people.exclude(pk__in=stayed)}.get(part, people)


def lifetime_value(first, last, *, picture=True):
    """Average revenue of all who ever paid before the last day; predicted beside it."""
    found = row(
        "SELECT count(DISTINCT contact_id) AS customers, sum(amount_base) AS revenue FROM deals_order"
        " WHERE paid_at < %(last)s AND cancelled_at IS NULL AND contact_id IS NOT NULL",
        last=instant(last),
    )
    value = (found["revenue"] / found["customers"]).quantize(found["revenue"]) if found["customers"] else None
    fit = ClvFit.objects.first()
    parts = [
        ("customers", _("Customers"), found["customers"], "number"),
        ("revenue", _("Revenue"), found["revenue"], "money"),
        ("predicted", _("Expected in the next twelve months"), fit.value if fit else None, "money"),
    ]
    if not picture:
        return Figure(value, parts)
    years = rows(
        "SELECT extract(year FROM first_order_at)::int, sum(revenue_base) / count(*) FROM deals_purchasefacts"
        " WHERE first_order_at < %(last)s GROUP BY 1 ORDER BY 1",
        last=instant(last),
    )
    return Figure(value, parts, [(str(year), average.quantize(found["revenue"])) for year, average in years])


def lifetime_records(first, last, part):
    """All who ever paid before the last day, the most valuable first."""
    return Contact.objects.filter(purchases__first_order_at__lt=instant(last)).order_by("-purchases__revenue_base")


def revenue(first, last, *, picture=True):
    """Paid orders before tax, by month."""
    found = row(
        "SELECT sum(amount_base) AS revenue, count(*) AS orders, count(DISTINCT contact_id) AS customers FROM deals_order"
        " WHERE paid_at >= %(first)s AND paid_at < %(last)s AND cancelled_at IS NULL",
        **span(first, last),
    )
    months = picture and rows(
        "SELECT to_char(paid_at, 'YYYY-MM'), sum(amount_base) FROM deals_order"
        " WHERE paid_at >= %(first)s AND paid_at < %(last)s AND cancelled_at IS NULL GROUP BY 1 ORDER BY 1",
        **span(first, last),
    )
    parts = [
        ("orders", _("Orders"), found["orders"], "number"),
        ("customers", _("Customers"), found["customers"], "number"),
    ]
    return Figure(found["revenue"], parts, months or [])


def revenue_records(first, last, part):
    """The orders paid in the range."""
    return Order.objects.filter(paid_at__gte=instant(first), paid_at__lt=instant(last), cancelled_at=None).order_by(
        "-paid_at"
    )


def _points(first, last):
    """Days at which the picture shows who is still there: months, in longer ranges quarters; the last one is `last`."""
    ends = month_ends(max(first, last - timedelta(days=366)), last)
    return ends if len(ends) <= 6 else ends[::-3][::-1]


def _window(day):
    end = instant(day)
    return {"paid_at__gte": end - ACTIVE, "paid_at__lt": end, "cancelled_at": None, "contact__isnull": False}
