"""Tickets at the side of the Today page: how the desk stands."""

from datetime import timedelta

from django.db.models import Avg, Count, F, Q
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm import access
from crm.models import User
from crm.registry import counts_done, panel
from tickets.models import Rating, Ticket

AGENTS = 8


@panel("today", name="desk", title=_("The desk"), order=12, kind="ticket")
def desk(request):
    """Open tickets, those of nobody, those late; kept promises and ratings of seven days."""
    now = timezone.now()
    seen = Ticket.objects.visible_to(request.user)
    late = Q(first_response_at=None, first_response_due_at__lt=now) | Q(resolution_due_at__lt=now)
    found = seen.open().aggregate(
        open=Count("pk"),
        mine=Count("pk", Q(owner=request.user)),
        nobody=Count("pk", Q(owner=None)),
        late=Count("pk", late & ~Q(status="pending")),
    )
    week = now - timedelta(days=7)
    answered = seen.filter(first_response_at__gte=week, first_response_due_at__isnull=False).aggregate(
        n=Count("pk"), kept=Count("pk", Q(first_response_at__lte=F("first_response_due_at")))
    )
    ratings = Rating.objects.filter(ticket__in=seen, at__gte=week).aggregate(n=Count("pk"), mean=Avg("score"))
    context = found | {
        "kept": round(100 * answered["kept"] / answered["n"]) if answered["n"] else None,
        "ratings": ratings["n"],
        "mean": ratings["mean"],
        "agents": _agents(request.user) if request.user.level("ticket", "edit") >= access.TEAM else [],
    }
    return render_to_string("tickets/panels/today_desk.html", context, request)


@counts_done
def tickets_solved(user, since):
    return Ticket.objects.filter(owner=user, resolved_at__gte=since).count()


def _agents(user):
    """Who has how many open tickets, the most first."""
    rows = Ticket.objects.visible_to(user).open().exclude(owner=None).values("owner").order_by()
    counted = rows.annotate(n=Count("pk")).order_by("-n")[:AGENTS]
    people = User.objects.in_bulk([row["owner"] for row in counted])
    most = max((row["n"] for row in counted), default=1)
    return [(people[row["owner"]], row["n"], most) for row in counted]
