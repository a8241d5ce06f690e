"""Figures beside the navigation: one query for both, asked once for each page."""

from django.db.models import Exists, OuterRef

from crm.field_access import may_see
from deals.models import Deal, ProposalVersion

LIMIT = 1000


def open_deals(user):
    """How many open deals are the user's own, counted to a thousand."""
    return _counts(user)[0] or None


def waiting_proposals(user):
    """How many of the user's open deals wait for the client's answer to a proposal; who sees none has none to wait for."""
    return _counts(user)[1] or None if may_see(user, "deal", "amount") else None


def _counts(user):
    # The user object lives as long as the request.
    if not hasattr(user, "_deal_counts"):
        sent = ProposalVersion.objects.filter(proposal__deal=OuterRef("pk"), status=ProposalVersion.Status.SENT)
        rows = Deal.objects.filter(owner=user, closed_at=None).annotate(waits=Exists(sent)).order_by()
        found = list(rows.values_list("waits", flat=True)[:LIMIT])
        user._deal_counts = len(found), sum(found)
    return user._deal_counts
