"""Next steps: tasks that stand on a deal."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from contacts.models import Task
from crm.events import record


@transaction.atomic
def plan_step(deal, title, *, by=None, due_at=None, kind=Task.Kind.TASK, key=None, is_hot=False):
    """Give the deal's owner a task. Without a due time it is tomorrow's; the same `key` never makes two."""
    owner = deal.owner or by
    values = {
        "title": title[:200],
        "kind": kind,
        "due_at": due_at or timezone.now() + timedelta(days=1),
        "owner": owner,
        "team": owner.team if owner else deal.team,
        "contact": deal.contact,
        "company": deal.company,
        "target_type": "deals.deal",
        "target_id": deal.pk,
        "is_hot": is_hot,
        "by": by,
    }
    if key:
        task, _new = Task.objects.get_or_create(key=key, defaults=values)
    else:
        task = Task.objects.create(**values)
    deal.refresh_next_step()
    return task


@transaction.atomic
def finish_step(task, *, by=None, outcome=""):
    """Tick a task off; the next one becomes the deal's next step."""
    if not task.is_open:
        return
    task.done_at, task.outcome = timezone.now(), outcome
    task.save(update_fields=["done_at", "outcome"])
    record("task.done", contact=task.contact, company=task.company, target=task, actor=by, title=task.title)
