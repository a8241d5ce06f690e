"""Next steps: tasks that stand on a deal."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from contacts.models import Task
from contacts.services.tasks import create_task
from deals.models.deal import Deal


@transaction.atomic
def plan_step(deal, title, *, by=None, due_at=None, kind=Task.Kind.TASK, key=None, is_hot=False):
    """Give the deal's owner a task, due tomorrow unless told. The same `key` never makes two: then None."""
    task = create_task(
        owner=deal.owner or by,
        title=title,
        by=by,
        contact=deal.contact,
        target=deal,
        key=key,
        kind=kind,
        is_hot=is_hot,
        due_at=due_at or timezone.now() + timedelta(days=1),
    )
    deal.refresh_next_step()
    return task


def follow_task(event):
    """A task was made, done, moved or given away: its deal repeats the earliest open one."""
    task = Task.objects.filter(pk=event.target_id).first()
    if task and task.target_type == "deals.deal":
        deal = Deal.objects.filter(pk=task.target_id).first()
        if deal:
            deal.refresh_next_step()
