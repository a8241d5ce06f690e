"""Orders: list and page."""

from datetime import datetime

from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import render

from crm.access import fetch, require
from deals.models import Order

PAGE = 50


def index(request):
    """Orders that the user may see, newest first, by key."""
    require(request.user, "order")
    rows = Order.objects.visible_to(request.user).for_card().order_by("-ordered_at", "-pk")
    if before := request.GET.get("before", ""):
        at, _bar, key = before.partition("|")
        try:
            moment, key = datetime.fromisoformat(at), int(key)
        except ValueError:
            return HttpResponse(status=400)
        rows = rows.filter(Q(ordered_at__lt=moment) | Q(ordered_at=moment, pk__lt=key))
    found = list(rows[: PAGE + 1])
    last = found[PAGE - 1] if len(found) > PAGE else None
    more = f"{last.ordered_at.isoformat()}|{last.pk}" if last else ""
    return render(request, "deals/order_list.html", {"orders": found[:PAGE], "more": more})


def show(request, pk):
    order = fetch(Order.objects.for_card().select_related("deal"), request.user, pk)
    return render(request, "deals/order.html", {"order": order, "lines": order.lines.all()})
