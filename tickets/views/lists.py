"""The desk's first ticket."""

from django.shortcuts import redirect, render

from crm.access import require
from tickets.models import Ticket


def desk(request):
    """The ticket that is due first among one's own, else among those that nobody has."""
    require(request.user, "ticket")
    rows = Ticket.objects.visible_to(request.user).open().exclude(status="pending").order_by("resolution_due_at", "pk")
    first = rows.filter(owner=request.user).first() or rows.filter(owner=None).first() or rows.first()
    return redirect(first) if first else redirect("tickets:index")


def tickets(request):
    require(request.user, "ticket")
    return render(
        request, "contacts/list.html", {"rows": Ticket.objects.visible_to(request.user).order_by("-created_at")[:50]}
    )
