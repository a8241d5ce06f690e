"""Purchases in figures, for the panels on people and companies."""

from datetime import timedelta

from django.db.models import Count, Max, Sum
from django.db.models.functions import TruncMonth
from django.utils import timezone

from crm.models import Workspace

MONTHS = 12


def purchases_of(orders):
    """What the panel shows: sums of all purchases, the newest orders, and a bar for each of the last twelve months."""
    paid = orders.paid()
    sums = paid.aggregate(n=Count("pk"), total=Sum("amount_base"), last=Max("paid_at"))
    return {
        "count": sums["n"],
        "total": sums["total"],
        "last": sums["last"],
        "orders": orders.order_by("-ordered_at", "-pk")[:4],
        "bars": _bars(paid) if sums["n"] else [],
        "base_currency": Workspace.get().currency,
    }


def _bars(paid):
    """(x, y, height, month, sum) of each month, in a picture 24 high and 120 wide."""
    first = _months()[0]
    rows = paid.filter(paid_at__date__gte=first).annotate(month=TruncMonth("paid_at")).order_by()
    by_month = {row["month"].date(): row["total"] for row in rows.values("month").annotate(total=Sum("amount_base"))}
    highest = max(by_month.values(), default=0) or 1
    bars = []
    for place, month in enumerate(_months()):
        total = by_month.get(month, 0)
        height = max(2, round(24 * total / highest)) if total else 1
        bars.append((place * 10, 24 - height, height, month, total))
    return bars


def _months():
    month, found = timezone.localdate().replace(day=1), []
    for _step in range(MONTHS):
        found.append(month)
        month = (month - timedelta(days=1)).replace(day=1)
    return found[::-1]
