"""Celery's entry points: bells and sweeps."""

from datetime import timedelta

from celery import shared_task
from django.core.cache import cache
from django.utils import timezone

from crm import events, file_checks, files, jobs, outbox, tags
from crm.lists import alerts
from crm.mail import queue as mail_queue
from crm.mail import worker


@shared_task
def drain_queue(queue):
    """Do what is due in a queue; ring again when a whole batch was found."""
    if outbox.drain(queue) == outbox.BATCH:
        outbox.ring(queue)


@shared_task
def sweep_outbox():
    """Free dead leases and ring for what is due."""
    worker_heartbeat()
    for queue in outbox.sweep():
        outbox.ring(queue)


@shared_task
def end_given_up_jobs():
    """Give up jobs that nobody comes back to."""
    jobs.end_given_up()


@shared_task
def send_mail():
    """Send what is due for a minute at most; ring again when that was not all."""
    if worker.send_due(seconds=50) and worker.is_due():
        mail_queue.ring()


@shared_task(soft_time_limit=240, time_limit=300)
def send_by_account(account):
    """Send what is due by a user's own server: one that is slow or away holds up nobody else's letters."""
    worker.send_due(seconds=50, account=account)


@shared_task
def sweep_mail():
    """Judge letters whose worker died, and ring for those that are due."""
    due = worker.sweep()
    if due:
        mail_queue.ring(min(mail_queue.BELLS, 1 + due // 100))
    for account in worker.due_accounts():
        mail_queue.ring_account(account)


@shared_task
def make_event_partitions():
    """Keep the partitions of this month and the next three."""
    today = timezone.now().date()
    events.make_partitions(today, today + timedelta(days=95))


@shared_task
def remove_stray_uploads():
    """Delete files that were uploaded into a form which was never sent."""
    files.remove_strays(before=timezone.now() - timedelta(days=2))


@shared_task
def compare_files():
    """Read files whose turn it is and compare them with what was kept."""
    file_checks.compare_some()


@shared_task
def beat_heartbeat():
    """Rung by beat, run by a worker: proves that both live."""
    cache.set("heartbeat:beat", timezone.now().timestamp(), 600)


def worker_heartbeat():
    """A worker was here."""
    cache.set("heartbeat:worker", timezone.now().timestamp(), 600)


@shared_task
def count_tags():
    """Count how many records carry each tag."""
    tags.count()


@shared_task
def check_alerts():
    """Tell people what has entered the filters they watch."""
    alerts.sweep()
