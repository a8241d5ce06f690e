"""What the stream says about the amount of a deal."""

from datetime import timedelta

from django.utils import timezone

from crm.events import record
from crm.models import Event

KIND = "deal.amount_changed"
# Changes by one person within this time, with nothing else in between, are one change.
RUN = timedelta(minutes=10)


def note_amount(deal, before, after, *, by=None):
    """Say that the amount went from `before` to `after`, in the transaction of the change.

    Whoever works through the lines of a deal leaves one event; one that leads back to where it began is taken away.
    """
    before, after = _plain(before), _plain(after)
    newest = Event.objects.about(deal).filter(occurred_at__gt=timezone.now() - RUN).first()
    if newest is None or newest.kind != KIND or newest.actor_id != (by.pk if by else None):
        data = {"before": before, "after": after}
        record(KIND, contact=deal.contact, company=deal.company, target=deal, actor=by, **data)
        return
    same = Event.objects.filter(pk=newest.pk, occurred_at=newest.occurred_at)
    if newest.data["before"] == after:
        same.delete()
    else:
        same.update(data=newest.data | {"after": after})


def _plain(amount):
    return "" if amount is None else f"{amount:.2f}"
