"""The Celery application. Beat rings what apps register with `registry.periodic`."""

import os

from celery import Celery
from celery.signals import worker_process_init

from crm import collector

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm.settings")
app = Celery("rapport")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@app.on_after_finalize.connect
def schedule_periodic_tasks(sender, **kwargs):
    """Read the register once all apps are loaded."""
    from crm.registry import periodic_tasks

    for entry in periodic_tasks():
        # A ring that nobody heard in time is worthless: the next one does the same.
        sender.add_periodic_task(
            entry.every, sender.signature(entry.task), name=entry.task, queue=entry.queue, expires=max(entry.every, 5)
        )


@worker_process_init.connect
def settle(**_kwargs):
    """Each process of the pool, as soon as it is there."""
    collector.settle()
