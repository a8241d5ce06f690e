"""Why may we write? The answer from a letter, with its proof."""

from django.shortcuts import render

from campaigns.services import permissions
from crm.access import fetch
from crm.models import Delivery


def show(request, pk):
    """The consent that stood when the letter was handed over, or stands now when it was not."""
    delivery = fetch(Delivery.objects.all(), request.user, pk)
    context = {"delivery": delivery, **permissions.why(delivery, request.user)}
    return render(request, "campaigns/permission.html", context)
