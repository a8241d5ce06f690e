"""Addresses that do not exist, as servers say at once or in a report later."""

from django.utils import timezone

from contacts.models import ContactPoint
from crm.mail import on_outcome, on_report
from crm.mail.reports import refuses_address
from crm.models import Delivery
from crm.text import norm_email


@on_report
def mark_dead(delivery, report):
    """Note on everybody's contact point that the address is dead; the first report counts."""
    if report.is_hard:
        _mark([delivery.to])


@on_outcome
def mark_refused(deliveries):
    """The same for addresses that the server refused to take at all."""
    _mark([d.to for d in deliveries if d.state == Delivery.State.FAILED and refuses_address(d.reply)])


def _mark(addresses):
    if addresses:
        norms = [norm_email(address) for address in addresses]
        ContactPoint.objects.filter(kind="email", norm__in=norms, bounced_at=None).update(bounced_at=timezone.now())
