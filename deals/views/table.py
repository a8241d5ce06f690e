"""The same filter as the board, as a table."""

from django.shortcuts import render

from crm.access import may, require
from deals.models import Deal
from deals.views.board import filter_of

PAGE = 50


def index(request):
    """Deals that the filter leaves, open and closed ones, newest first."""
    require(request.user, "deal")
    context = filter_of(request)
    rows = context["matching"](Deal.objects.visible_to(request.user))
    before = request.GET.get("before", "")
    if before.isdecimal() and len(before) < 12:
        rows = rows.filter(pk__lt=int(before))
    found = list(rows.for_card().order_by("-pk")[: PAGE + 1])
    context |= {
        "deals": found[:PAGE],
        "more": found[PAGE - 1].pk if len(found) > PAGE else None,
        "may_create": may(request.user, "deal", "edit"),
    }
    return render(request, "deals/deal_list.html", context)
