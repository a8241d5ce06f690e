"""Sweeps of deals."""

from celery import shared_task

from deals.services.steps import refresh_stale_steps


@shared_task
def refresh_steps():
    """Next steps of deals whose tasks were moved or changed without an event."""
    refresh_stale_steps()
