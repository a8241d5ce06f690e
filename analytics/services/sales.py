"""Figures about deals."""

from collections import Counter

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from analytics.models import DealFact
from analytics.services.common import EVERYBODY, Figure, instant, months_of, parted, rows, share, span
from deals.models import Deal, Stage

BY = ("owner", "teams", "pipeline")


def funnel(first, last, *, scope=EVERYBODY, picture=True):
    """The cohort of deals opened in the range: how many reached each stage, skipped ones counted as reached."""
    stages = stages_of(scope)
    if not stages:
        return Figure(None)
    values = scope.values | span(first, last) | {"pipeline": stages[0].pipeline_id}
    states, depths = Counter(), Counter()
    for reached, state, n in rows(
        "SELECT reached, state, count(*) FROM analytics_dealfact WHERE pipeline_id = %(pipeline)s"  # noqa: S608
        f" AND created_at >= %(first)s AND created_at < %(last)s{scope.sql('owner', 'teams')} GROUP BY 1, 2",
        **values,
    ):
        states[state] += n
        # Who has won has been everywhere.
        depths[stages[-1].position if state == Stage.Kind.WON else reached] += n
    won, lost, opened = states["won"], states["lost"], sum(states.values())
    if not picture:
        return Figure(share(won, opened))
    reached = [(stage, sum(n for depth, n in depths.items() if depth >= stage.position)) for stage in stages]
    parts = [(f"stage-{stage.pk}", stage.name, n, "number") for stage, n in reached]
    parts += [("won", _("Won"), won, "number"), ("lost", _("Lost"), lost, "number")]
    parts += [
        ("open", _("Still open"), opened - won - lost, "number"),
        ("rate", _("Win rate of the decided"), share(won, won + lost), "percent"),
    ]
    series = [(stage.name, n) for stage, n in reached] + [(_("Won"), won)]
    return Figure(share(won, opened), parts, series)


def funnel_records(first, last, part, scope=EVERYBODY):
    """Deals opened in the range: those that reached a stage, those won, lost or open, those decided."""
    deals = Deal.objects.filter(
        created_at__gte=instant(first), created_at__lt=instant(last), **scope.lookups("owner", "teams")
    )
    stages = stages_of(scope)
    if stages:
        # The figure counts one pipeline: so does the list behind it.
        deals = deals.filter(pipeline=stages[0].pipeline_id)
    if part in {"won", "lost"}:
        return deals.filter(state=part)
    if part == "open":
        return deals.exclude(state__in=["won", "lost"])
    if part == "rate":
        return deals.filter(state__in=["won", "lost"])
    stage = next((stage for stage in stages if part == f"stage-{stage.pk}"), None)
    if stage is None:
        return deals
    there = Q(state=Stage.Kind.WON) | Q(reached__gte=stage.position)
    return deals.filter(Exists(DealFact.objects.filter(there, deal_id=OuterRef("pk"))))


def win_rate(first, last, *, scope=EVERYBODY, picture=True):
    """Won among the deals closed in the range, by month."""
    days = months_of(first, last)
    part, bounds = parted("closed_at", days)
    months = rows(
        f"SELECT {part}, count(*) FILTER (WHERE state = 'won'),"  # noqa: S608
        " count(*) FILTER (WHERE state = 'lost'), sum(amount_base) FILTER (WHERE state = 'won') FROM analytics_dealfact"
        f" WHERE closed_at >= %(first)s AND closed_at < %(last)s{scope.sql(*BY)} GROUP BY 1 ORDER BY 1",
        **span(first, last),
        **bounds,
        **scope.values,
    )
    won, lost = sum(month[1] for month in months), sum(month[2] for month in months)
    amounts = [month[3] for month in months if month[3] is not None]
    parts = [
        ("won", _("Won"), won, "number"),
        ("lost", _("Lost"), lost, "number"),
        ("amount", _("Won amount"), sum(amounts) if amounts else None, "money"),
    ]
    return Figure(
        share(won, won + lost),
        parts,
        [(f"{days[place - 1]:%Y-%m}", share(w, w + n)) for place, w, n, _amount in months],
    )


def win_records(first, last, part, scope=EVERYBODY):
    """Deals closed in the range."""
    deals = Deal.objects.filter(
        closed_at__gte=instant(first), closed_at__lt=instant(last), state__in=["won", "lost"], **scope.lookups(*BY)
    )
    return deals.filter(state="won" if part in {"won", "amount"} else "lost") if part else deals


def stages_of(scope):
    """Open stages, in order, of the pipeline asked for, else of the first in use."""
    used = Stage.objects.filter(pipeline__is_active=True).order_by("pipeline__position", "pipeline__pk")
    pipeline = scope.pipeline if scope.pipeline is not None else used.values("pipeline")[:1]
    return list(Stage.objects.filter(kind__in=["open", "hold"], pipeline=pipeline).order_by("position"))
