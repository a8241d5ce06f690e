"""The worker that sends letters of a mailbox."""

from django.utils import timezone

from contacts.models import PersonalLetter
from crm.mail import send_due
from crm.models import Delivery

State = PersonalLetter.State


def go(mailbox):
    """The moment has come, and the worker sends."""
    Delivery.objects.filter(state__in=Delivery.WAITING).update(due_at=timezone.now())
    send_due(account=f"mailbox:{mailbox.pk}")
