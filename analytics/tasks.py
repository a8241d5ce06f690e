"""Celery's entry points."""

from decimal import Decimal

from celery import shared_task
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext

from analytics.models import ClvFit
from analytics.services import facts
from analytics.services.common import rows
from crm.notify import tell_administrators

_HISTORY = """
SELECT count(*) - 1, extract(epoch FROM max(paid_at) - min(paid_at)) / 604800, extract(epoch FROM %(now)s - min(paid_at)) / 604800,
  CASE WHEN count(*) > 1 THEN (sum(amount_base) - (array_agg(amount_base ORDER BY paid_at))[1]) / (count(*) - 1) ELSE 0 END
FROM deals_order WHERE paid_at IS NOT NULL AND cancelled_at IS NULL AND contact_id IS NOT NULL GROUP BY contact_id
"""


@shared_task
def fit_purchases():
    """Fit the purchase model to all paid orders and keep what it says of an average customer; nothing when it cannot."""
    import numpy as np

    from analytics.services import clv

    found = rows(_HISTORY, now=timezone.now())
    if not found:
        return
    x, tx, age, z = (np.array(column, dtype=float) for column in zip(*found, strict=True))
    try:
        model, value = clv.fit_bgnbd(x, tx, age), clv.fit_gamma_gamma(x, z)
    except clv.NotEnoughData:
        return
    worth = clv.lifetime_values(model, value, x, tx, age, np.where(x > 0, z, 1.0))
    params = {"r": model.r, "alpha": model.alpha, "a": model.a, "b": model.b, "p": value.p, "q": value.q, "v": value.v}
    if np.isfinite(worth.mean()):
        ClvFit.objects.create(params=params, customers=len(x), value=Decimal(str(round(float(worth.mean()), 2))))


@shared_task
def settle_facts():
    """Count what has changed since the last ring."""
    for _round in range(100):
        if not facts.settle():
            break


@shared_task
def check_facts():
    """Hold the facts of all figures against the records, mend what differs and tell the administrators."""
    found = facts.check()
    if not found:
        return
    day = timezone.localdate()
    tell_administrators(
        "facts.differ",
        lambda: (
            gettext("Differences between the figures and their records: %(n)d. They have been mended.")
            % {"n": sum(found.values())}
        ),
        reverse("analytics:index"),
        key=f"{day}",
    )
