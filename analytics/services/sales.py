"""Figures about deals."""

from collections import Counter

from django.utils.translation import gettext as _

from analytics.services.common import Figure, instant, row, rows, share, span
from deals.models import Deal, Stage

# The furthest open stage a deal has reached; who has won has reached them all.
_REACHED = """
SELECT d.id, d.state, CASE WHEN d.state = 'won' THEN %(top)s ELSE coalesce(max(s.position) FILTER (WHERE s.kind IN ('open', 'hold')), 0) END AS depth
FROM deals_deal d LEFT JOIN deals_stagestay t ON t.deal_id = d.id LEFT JOIN deals_stage s ON s.id = t.stage_id
WHERE d.created_at >= %(first)s AND d.created_at < %(last)s AND d.pipeline_id = %(pipeline)s GROUP BY d.id
"""


def funnel(first, last, *, picture=True):
    """The cohort of deals opened in the range: how many reached each stage, skipped ones counted as reached."""
    stages = _stages()
    if not stages:
        return Figure(None)
    top = stages[-1].position
    values = span(first, last) | {"top": top, "pipeline": stages[0].pipeline_id}
    depths, states = Counter(), Counter()
    for depth, state, n in rows(f"SELECT depth, state, count(*) FROM ({_REACHED}) r GROUP BY 1, 2", **values):  # noqa: S608
        depths[depth] += n
        states[state] += n
    reached = [(stage, sum(n for depth, n in depths.items() if depth >= stage.position)) for stage in stages]
    won, lost = states.get("won", 0), states.get("lost", 0)
    opened = sum(states.values())
    parts = [(f"stage-{stage.pk}", stage.name, n, "number") for stage, n in reached]
    parts += [("won", _("Won"), won, "number"), ("lost", _("Lost"), lost, "number")]
    parts += [
        ("open", _("Still open"), opened - won - lost, "number"),
        ("rate", _("Win rate of the decided"), share(won, won + lost), "percent"),
    ]
    series = [(stage.name, n) for stage, n in reached] + [(_("Won"), won)]
    return Figure(share(won, opened), parts, series)


def funnel_records(first, last, part):
    """Deals opened in the range: those that reached a stage, those won, lost or open."""
    deals = Deal.objects.filter(created_at__gte=instant(first), created_at__lt=instant(last)).order_by("-created_at")
    stages = _stages()
    if stages:
        # The figure counts one pipeline: so does the list behind it.
        deals = deals.filter(pipeline=stages[0].pipeline_id)
    if part in {"won", "lost"}:
        return deals.filter(state=part)
    if part == "open":
        return deals.exclude(state__in=["won", "lost"])
    if part.startswith("stage-") and part[6:].isdecimal():
        stage = Stage.objects.filter(pk=part[6:]).first()
        if stage:
            values = span(first, last) | {
                "top": stages[-1].position,
                "pipeline": stage.pipeline_id,
                "at": stage.position,
            }
            keys = [pk for (pk,) in rows(f"SELECT id FROM ({_REACHED}) r WHERE depth >= %(at)s LIMIT 5000", **values)]  # noqa: S608
            return deals.filter(pk__in=keys)
    return deals


def win_rate(first, last, *, picture=True):
    """Won among the deals closed in the range, by month."""
    found = row(
        "SELECT count(*) FILTER (WHERE state = 'won') AS won, count(*) FILTER (WHERE state = 'lost') AS lost,"
        " sum(amount_base) FILTER (WHERE state = 'won') AS amount FROM deals_deal WHERE closed_at >= %(first)s AND closed_at < %(last)s",
        **span(first, last),
    )
    months = picture and rows(
        "SELECT to_char(closed_at, 'YYYY-MM'), count(*) FILTER (WHERE state = 'won'), count(*) FILTER (WHERE state IN ('won', 'lost'))"
        " FROM deals_deal WHERE closed_at >= %(first)s AND closed_at < %(last)s GROUP BY 1 ORDER BY 1",
        **span(first, last),
    )
    parts = [
        ("won", _("Won"), found["won"], "number"),
        ("lost", _("Lost"), found["lost"], "number"),
        ("amount", _("Won amount"), found["amount"], "money"),
    ]
    return Figure(
        share(found["won"], found["won"] + found["lost"]),
        parts,
        [(m, share(won, closed)) for m, won, closed in months or ()],
    )


def win_records(first, last, part):
    """Deals closed in the range."""
    deals = Deal.objects.filter(
        closed_at__gte=instant(first), closed_at__lt=instant(last), state__in=["won", "lost"]
    ).order_by("-closed_at")
    return deals.filter(state="won" if part in {"won", "amount"} else "lost") if part else deals


def _stages():
    """Open stages of the first pipeline in use, in order."""
    first = Stage.objects.filter(pipeline__is_active=True).order_by("pipeline__position", "pipeline__pk").first()
    if first is None:
        return []
    return list(Stage.objects.filter(pipeline=first.pipeline_id, kind__in=["open", "hold"]).order_by("position"))
