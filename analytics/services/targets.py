"""Targets held against figures."""

from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal

from django.db import transaction

from analytics.models import KpiTarget

_DAY = timedelta(days=1)
# These add up over the days, so a target for a quarter asks a third of itself of a month.
ADDITIVE = {"revenue"}


def target_for(name, first, last):
    """What the KPI should be over [first, last), or None: of the last day; of sums, each day its share."""
    rows = KpiTarget.objects.filter(kpi=name, first_on__lt=last, last_on__gte=first)
    if name not in ADDITIVE:
        row = rows.filter(last_on__gte=last - _DAY).first()
        return row.value if row else None
    total = Decimal(0)
    for row in rows:
        days = (min(row.last_on, last - _DAY) - max(row.first_on, first)).days + 1
        total += row.value * days / ((row.last_on - row.first_on).days + 1)
    return total.quantize(Decimal("0.01"), ROUND_HALF_UP) if total else None


@transaction.atomic
def set_target(name, first_on, last_on, value, *, by):
    """Set a target; one with exactly these days is changed. Raises ValidationError when another has some of the days."""
    row = KpiTarget.objects.select_for_update().filter(kpi=name, first_on=first_on, last_on=last_on).first()
    row = row or KpiTarget(kpi=name, first_on=first_on, last_on=last_on)
    row.value, row.set_by = value, by
    row.full_clean()
    row.save()
    return row
