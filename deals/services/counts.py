"""Figures beside the navigation: one query for both, asked once for each page."""

from django.db.models import Count, Q

from deals.models import Deal

LIMIT = 1000


def open_deals(user):
    """How many open deals are the user's own."""
    return _counts(user)["deals"] or None


def waiting_proposals(user):
    """How many of the user's open deals wait for the client's answer to a proposal."""
    return _counts(user)["proposals"] or None


def _counts(user):
    # The user object lives as long as the request.
    if not hasattr(user, "_deal_counts"):
        waiting = Q(proposals__versions__status="sent")
        user._deal_counts = Deal.objects.filter(owner=user, closed_at=None).aggregate(
            deals=Count("pk", distinct=True), proposals=Count("proposals", filter=waiting, distinct=True)
        )
    return user._deal_counts
