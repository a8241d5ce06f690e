"""Celery's entry points."""

from celery import shared_task

from tickets.models import Mailbox
from tickets.services.inbound import imap


@shared_task
def poll_mailboxes():
    """Ring for every mailbox that is to be looked at."""
    for pk in Mailbox.objects.filter(is_active=True).exclude(host="").values_list("pk", flat=True):
        poll_mailbox.apply_async(args=[pk], queue="events", expires=60)


@shared_task
def poll_mailbox(pk):
    imap.poll(pk)
