"""Celery's entry points."""

from datetime import timedelta

from celery import shared_task
from django.db.models import F
from django.utils import timezone

from campaigns.models import ContactScore, Segment
from campaigns.services import scoring, segments, sequences


@shared_task
def advance_sequences():
    """Take everybody on whose wait is over."""
    for _round in range(50):
        if sequences.advance_due() < sequences.BATCH:
            break


@shared_task
def rebuild_segments():
    """Compare everybody with each segment: time alone moves people in and out."""
    for segment in Segment.objects.filter(error="").order_by(F("built_at").asc(nulls_first=True)):
        entered, _left = segments.rebuild(segment)
        if entered:
            sequences.enrol_contacts(segment, entered)


@shared_task
def cool_scores():
    """Count scores anew that time has let fall: the oldest first, a batch an hour."""
    stale = ContactScore.objects.filter(score__gt=0, counted_at__lt=timezone.now() - timedelta(hours=20))
    for contact_id in stale.order_by("counted_at").values_list("contact_id", flat=True)[:5000]:
        scoring.recount(contact_id)
