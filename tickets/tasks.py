"""Celery's entry points."""

from celery import shared_task

from tickets.models import Mailbox
from tickets.services import promises
from tickets.services.inbound import imap, ledger
from tickets.services.inbound.take import take_again


@shared_task
def poll_mailboxes():
    """Ring for every mailbox that is to be looked at."""
    for pk in Mailbox.objects.filter(is_active=True).exclude(host="").values_list("pk", flat=True):
        poll_mailbox.apply_async(args=[pk], queue="events", expires=60)


@shared_task
def poll_mailbox(pk):
    imap.poll(pk)


@shared_task(soft_time_limit=540, time_limit=600)
def take_abandoned():
    """Letters whose worker died in the middle are taken in again."""
    for row in ledger.abandoned().select_related("raw", "mailbox").order_by("pk")[:50]:
        take_again(row, trusted=False)


@shared_task
def sweep_letters():
    """Originals older than the desk keeps them go."""
    ledger.sweep()


@shared_task
def watch_promises():
    """Missed promises are noted and told."""
    promises.note_breaches()
