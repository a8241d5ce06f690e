"""What a person decides about a letter nobody is sure of, or that did not go."""

from django.db import transaction
from django.utils import timezone

from crm.mail.queue import ring
from crm.models import Delivery

State = Delivery.State


def mark_sent(deliveries):
    """Letters whose fate was unknown did arrive. Returns how many."""
    return deliveries.filter(state=State.UNKNOWN).update(
        state=State.SENT, reason="confirmed", settled_at=timezone.now(), reported_at=None
    )


def send_again(deliveries):
    """Put refused, delayed or unknown letters into the queue once more, under their Message-ID. Returns how many."""
    with transaction.atomic():
        count = deliveries.filter(state__in=[State.UNKNOWN, State.FAILED, State.DEFERRED, State.BOUNCED]).update(
            state=State.QUEUED,
            reason="",
            reply="",
            attempts=0,
            due_at=timezone.now(),
            settled_at=None,
            reported_at=None,
        )
        transaction.on_commit(ring)
    return count


def cancel(deliveries, reason):
    """Take waiting letters back. One that is being handed over is past that. Returns how many."""
    return deliveries.filter(state__in=Delivery.WAITING).update(
        state=State.CANCELLED, reason=reason, settled_at=timezone.now()
    )
