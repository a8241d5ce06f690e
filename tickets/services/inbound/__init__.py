"""Letters on their way in: read, judged, matched to person and ticket, kept."""

from tickets.services.inbound.take import take

__all__ = ["take"]
