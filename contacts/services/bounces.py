"""Addresses that do not exist, as reports of mail systems tell."""

from django.utils import timezone

from contacts.models import ContactPoint
from crm.mail import on_report
from crm.text import norm_email


@on_report
def mark_dead(delivery, report):
    """Note on everybody's contact point that the address is dead; the first report counts."""
    if report.is_hard:
        points = ContactPoint.objects.filter(kind="email", norm=norm_email(delivery.to), bounced_at=None)
        points.update(bounced_at=timezone.now())
