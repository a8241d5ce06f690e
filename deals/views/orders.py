"""Orders: list and page."""

from django.shortcuts import render

from crm import lists
from crm.access import fetch
from deals.lists import OrderList
from deals.models import Order


def index(request):
    return lists.index(request, OrderList)


def show(request, pk):
    order = fetch(Order.objects.for_card().select_related("deal"), request.user, pk)
    return render(request, "deals/order.html", {"order": order, "lines": order.lines.all()})
