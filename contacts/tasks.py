"""Sweeps of contacts."""

from celery import shared_task
from django.utils import timezone

from contacts.services import digest, merging, next_steps, occurrences, reminders
from crm import jobs
from crm.models import User


@shared_task
def send_reminders():
    """Give out what is due; a heap is done in rounds."""
    while reminders.send_due() == reminders.BATCH:
        pass


@shared_task
def make_occurrences():
    """What repeats gets its next row."""
    now = timezone.now()
    for row in occurrences.due_rows(now):
        occurrences.make_next(row, now=now)


@shared_task
def send_digests():
    """The letters of the morning."""
    digest.send_due()


@shared_task
def mend_next_steps():
    """Cards that show another step than the earliest open task."""
    next_steps.mend()


@shared_task
def search_duplicates():
    """Start the nightly search in the name of an administrator, and forget what undid merges of long ago."""
    merging.forget_old_merges()
    admin = User.objects.filter(is_active=True, is_superuser=True).order_by("pk").first()
    if admin:
        jobs.start("contacts.duplicates", by=admin, params={"quiet": True})
