"""Tasks: what somebody is to do next, and the next step shown on the contact."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from contacts.models import Contact, Task
from contacts.services.people import touch
from crm.events import record
from crm.notify import notify


@transaction.atomic
def create_task(*, owner, title, by=None, contact=None, target=None, key=None, **fields):
    """Give somebody a task. With `key` the same reason makes only one: the second time returns None."""
    task = Task(title=title[:200], by=by, contact=contact, key=key, **fields)
    task.company = contact.company if contact else None
    if target is not None:
        task.target_type, task.target_id = target._meta.label_lower, target.pk
    task.assign_to(owner)
    if key and Task.objects.filter(key=key).exists():
        return None
    task.save()
    note_next_step(contact)
    record("task.created", contact=contact, company=task.company, target=task, actor=by, title=task.title)
    if owner and owner != by:
        _tell(task, by)
    return task


@transaction.atomic
def finish_task(task, *, by, outcome=""):
    """Mark as done, once; says whether it was open."""
    done = Task.objects.filter(pk=task.pk, done_at=None).update(done_at=timezone.now(), outcome=outcome[:200])
    if not done:
        return False
    if task.contact:
        touch(task.contact)
    note_next_step(task.contact)
    record(
        "task.done", contact=task.contact, company=task.company, target=task, actor=by, title=task.title, text=outcome
    )
    return True


@transaction.atomic
def reopen_task(task, *, by):
    """Take back that it was done."""
    Task.objects.filter(pk=task.pk).update(done_at=None, outcome="")
    note_next_step(task.contact)
    record("task.reopened", contact=task.contact, company=task.company, target=task, actor=by, title=task.title)


@transaction.atomic
def snooze_task(task, *, by, days=1):
    """Move the due time to the same hour some days from now."""
    now = timezone.now()
    set_due(task, (task.due_at or now).replace(year=now.year, month=now.month, day=now.day) + timedelta(days=days))


@transaction.atomic
def set_due(task, due_at):
    """Move the due time; None takes it away."""
    Task.objects.filter(pk=task.pk).update(due_at=due_at)
    note_next_step(task.contact)


@transaction.atomic
def save_form(form):
    """Write a valid form of a task, and the next step of its contact."""
    task = form.save()
    note_next_step(task.contact)
    return task


@transaction.atomic
def delegate_task(task, owner, *, by, tell=True):
    """Give the task to somebody else, who is told unless the caller does it."""
    task.assign_to(owner)
    task.save(update_fields=["owner", "team"])
    record("task.delegated", contact=task.contact, company=task.company, target=task, actor=by, to=str(owner or "–"))
    if tell and owner and owner != by:
        _tell(task, by)


def note_next_step(contact):
    """Repeat the earliest open task on the contact."""
    if contact is None:
        return
    first = Task.objects.filter(contact=contact, done_at=None, due_at__isnull=False).order_by("due_at").first()
    Contact.objects.filter(pk=contact.pk).update(
        next_step=first.title if first else "", next_step_at=first.due_at if first else None
    )


def _tell(task, by):
    with override(task.owner.language):
        text = _("%(by)s gave you a task: %(title)s") % {"by": by or _("The program"), "title": task.title}
    notify(task.owner, "task.assigned", text, task.get_absolute_url(), key=f"{task.pk}:{task.owner_id}")
