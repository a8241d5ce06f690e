"""The figures once more, row by row in Python out of the records: slow and plain, to hold the real ones against."""

import statistics
from collections import defaultdict
from datetime import datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from deals.models import Deal, Order, Stage
from tickets.models import Ticket


def figure(name, first, last, zone):
    """(value, some of the parts) of a KPI."""
    return {
        "retention": _retention, "clv": _lifetime, "handling_time": _handling, "funnel": _funnel, "win_rate": _wins,
        "revenue": _revenue,
    }[name](first, last, ZoneInfo(zone))  # fmt: skip


def cells(zone):
    """The cohorts: (quarter of the first purchase, quarter of purchase, people, revenue)."""
    found = defaultdict(lambda: [set(), Decimal(0)])
    orders = [order for order in _paid() if order.contact_id]
    for order in orders:
        joined = min(other.paid_at for other in orders if other.contact_id == order.contact_id)
        cell = found[_quarter(joined, zone), _quarter(order.paid_at, zone)]
        cell[0].add(order.contact_id)
        cell[1] += order.amount_base
    return sorted((*key, len(people), revenue) for key, (people, revenue) in found.items())


def _quarter(at, zone):
    day = at.astimezone(ZoneInfo(zone)).date()
    return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)


def _paid():
    return [order for order in Order.objects.all() if order.paid_at and not order.cancelled_at]


def _in(at, first, last, zone):
    def start(day):
        return datetime.combine(day, time(), zone)

    return at is not None and start(first) <= at < start(last)


def _share(part, whole):
    return (Decimal(part) * 100 / Decimal(whole)).quantize(Decimal("0.1"), ROUND_HALF_UP) if whole else None


def _retention(first, last, zone):
    year = timedelta(days=365)

    def customers(day):
        return {o.contact_id for o in _paid() if o.contact_id and _in(o.paid_at, day - year, day, zone)}

    started = customers(first)
    stayed = started & customers(last)
    return _share(len(stayed), len(started)), {"started": len(started), "stayed": len(stayed)}


def _lifetime(first, last, zone):
    orders = [o for o in _paid() if o.contact_id and _in(o.paid_at, first.replace(year=2000), last, zone)]
    people = {o.contact_id for o in orders}
    total = sum((o.amount_base for o in orders), Decimal(0))
    return (total / len(people)).quantize(Decimal("0.01")) if people else None, {"customers": len(people)}


def _median(values):
    return round(statistics.median(values)) if values else None


def _handling(first, last, zone):
    solved = [t for t in Ticket.objects.all() if _in(t.resolved_at, first, last, zone)]
    answered = [t for t in Ticket.objects.all() if _in(t.first_response_at, first, last, zone)]
    parts = {
        "solved": len(solved),
        "answered": len(answered),
        "response": _median([t.business_response for t in answered]),
        "solution_calendar": _median([(t.resolved_at - t.created_at).total_seconds() for t in solved]),
        "reopened": _share(sum(1 for t in solved if t.reopened), len(solved)),
    }
    return _median([t.business_resolution for t in solved]), parts


def _funnel(first, last, zone):
    stages = Stage.objects.filter(kind__in=["open", "hold"]).order_by("position")
    deals = [d for d in Deal.objects.all() if _in(d.created_at, first, last, zone)]

    def reached(deal, stage):
        stood = [s.stage.position for s in deal.stays.select_related("stage") if s.stage.kind in {"open", "hold"}]
        return deal.state == "won" or max(stood, default=0) >= stage.position

    won = sum(1 for d in deals if d.state == "won")
    parts = {f"stage-{s.pk}": sum(1 for d in deals if reached(d, s)) for s in stages}
    return _share(won, len(deals)), parts | {"won": won}


def _wins(first, last, zone):
    deals = [d for d in Deal.objects.all() if _in(d.closed_at, first, last, zone)]
    won = [d for d in deals if d.state == "won"]
    amounts = [d.amount_base for d in won if d.amount_base is not None]
    return _share(len(won), len(deals)), {"won": len(won), "amount": sum(amounts) if amounts else None}


def _revenue(first, last, zone):
    orders = [o for o in _paid() if _in(o.paid_at, first, last, zone)]
    people = {o.contact_id for o in orders if o.contact_id}
    return sum((o.amount_base for o in orders), Decimal(0)) if orders else None, {
        "orders": len(orders),
        "customers": len(people),
    }
