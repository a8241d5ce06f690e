"""Deals at the side of the Today page: what the month has brought, offers that clients look at."""

from datetime import timedelta
from decimal import Decimal

from django.db.models import Count, Q, Sum
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm import access, field_access
from crm.models import Workspace
from crm.registry import counts_done, panel
from deals.models import Deal, ProposalVersion

VIEWED = 5
WIDTH, HEIGHT = 300, 56


@panel("today", name="pace", title=_("This month"), order=10, kind="deal")
def pace(request):
    """Won this month, day by day, beside last month to the same day; and what is open."""
    rows, mine = _scope(request.user)
    now = timezone.localtime()
    first = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    before = (first - timedelta(days=1)).replace(day=1)
    same_day = min(before + (now - first), first)
    won = Q(state="won", closed_at__gte=first)
    found = rows.aggregate(
        won=Sum("amount_base", filter=won),
        count=Count("pk", won),
        earlier=Sum("amount_base", filter=Q(state="won", closed_at__gte=before, closed_at__lt=same_day)),
        open=Sum("amount_base", filter=Q(closed_at=None)),
        closing=Count("pk", Q(closed_at=None, close_on__gte=first.date(), close_on__lt=_next(first).date())),
    )
    won_sum, earlier = found["won"] or Decimal(0), found["earlier"] or Decimal(0)
    context = found | {
        "won": won_sum,
        "earlier": earlier,
        "gap": abs(won_sum - earlier),
        "ahead": won_sum >= earlier,
        "mine": mine,
        "may_see_amounts": field_access.may_see(request.user, "deal", "amount"),
        "first": first,
        "line": _line(rows.filter(won), first, won_sum) if won_sum else "",
        "base_currency": Workspace.get().currency,
        "width": WIDTH,
        "height": HEIGHT,
    }
    return render_to_string("deals/panels/today_pace.html", context, request)


@panel("today", name="viewed", title=_("Proposals viewed"), order=20, kind="deal")
def viewed(request):
    """The newest looks of clients at the user's offers."""
    rows, _mine = _scope(request.user)
    since = timezone.now() - timedelta(days=14)
    versions = ProposalVersion.objects.visible_to(request.user).filter(
        last_viewed_at__gt=since, proposal__deal__in=rows
    )
    found = versions.select_related("proposal__deal__contact", "proposal__deal__company").order_by("-last_viewed_at")
    context = {"versions": found[:VIEWED], "count": versions.count()}
    return render_to_string("deals/panels/today_viewed.html", context, request) if context["count"] else ""


@counts_done
def deals_closed(user, since):
    return Deal.objects.filter(owner=user, closed_at__gte=since).count()


def _scope(user):
    """(deals whose figures are the user's to steer, whether these are the user's own)."""
    if user.level("deal", "edit") == access.OWN:
        return Deal.objects.filter(owner=user), True
    return Deal.objects.visible_to(user), False


def _line(won, first, total):
    """The sum won from the first day until today, as points of a picture."""
    days = (_next(first) - first).days
    rows = [
        (timezone.localtime(at), amount or 0)
        for at, amount in won.order_by("closed_at").values_list("closed_at", "amount_base")
    ]
    points, so_far = [f"0,{HEIGHT}"], Decimal(0)
    for day in range(timezone.localtime().day):
        so_far += sum((amount for at, amount in rows if at.day == day + 1), Decimal(0))
        points.append(f"{round((day + 1) * WIDTH / days)},{round(HEIGHT - 2 - (HEIGHT - 4) * so_far / total)}")
    return " ".join(points)


def _next(first):
    return (first + timedelta(days=32)).replace(day=1)
