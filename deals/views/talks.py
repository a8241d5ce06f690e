"""The composer on a deal's page: notes, calls, meetings."""

from django.urls import reverse
from django.views.decorators.http import require_POST

from contacts.views import talks
from crm.access import fetch
from deals.models import Deal


@require_POST
def create(request, pk):
    deal = fetch(Deal.objects.for_card(), request.user, pk, edit=True)
    return talks.keep(request, deal, lambda wish=None: composer(deal, request.user))


def composer(deal, user):
    """What the composer needs. Letters are written on the page of the person to whom they go."""
    return talks.context_of("deal", deal, reverse("deals:deal_talk_create", args=[deal.pk]), user)
