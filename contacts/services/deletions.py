"""Deleting tasks, and taking that back while the word about it stands on the page.

What was deleted is kept in the cache for a few minutes and then forgotten: nobody has to erase it anywhere.
"""

import secrets

from django.core import serializers
from django.core.cache import cache
from django.db import transaction

from contacts.models import Participant, PlaybookRunStep, Recurrence, Task
from contacts.services import next_steps, series, tasks
from contacts.services.invitation_letters import PURPOSE
from crm.events import record
from crm.models import Delivery

GOOD_FOR = 600  # seconds
COURSE = ("rule", "starts", "skipped")


@transaction.atomic
def delete(task, scope, *, by):
    """Delete a task; of what repeats this one, this and following, or all that are open. Returns the name under which
    `put_back` finds it."""
    row = task.recurrence
    kept = {"by": by.pk, "course": _frozen([Recurrence.objects.get(pk=row.pk)]) if row else ""}
    if row and scope in {series.FOLLOWING, series.ALL}:
        kept |= _keep(row.occurrences.filter(done_at=None))
        gone = {lost.pk for lost in series.delete(task, scope, by=by)}
    else:
        kept |= _keep(Task.objects.filter(pk=task.pk))
        gone = {task.pk}
        tasks.delete_task(task, by=by)
    kept["gone"] = sorted(gone)
    kept["left"] = _course(row.pk) if row else None
    name = secrets.token_urlsafe(16)
    cache.set(_key(name), kept, GOOD_FOR)
    return name


@transaction.atomic
def put_back(name, *, by):
    """Let what was deleted be there again. Returns the tasks: none when somebody changed what repeats since, None when
    nothing of that name is kept for this user (any more)."""
    kept = cache.get(_key(name))
    if not kept or kept["by"] != by.pk or Task.objects.filter(pk__in=kept["gone"]).exists():
        return None
    for found in serializers.deserialize("json", kept["course"] or "[]"):
        Recurrence.objects.select_for_update(of=["self"]).filter(pk=found.object.pk).first()
        if _course(found.object.pk) != kept["left"]:
            return []
        found.save()
    back = [found for found in serializers.deserialize("json", kept["rows"]) if _task_of(found.object) in kept["gone"]]
    for found in back:
        found.save()
    rows = list(Task.objects.for_card().filter(pk__in=kept["gone"]).order_by("due_at"))
    _take_up_steps(kept["steps"])
    if kept["left"]:
        _invite_all_anew(Recurrence.objects.get(pk=rows[0].recurrence_id))
    for task in rows:
        _invite_anew(task)
        record("task.put_back", contact=task.contact, company=task.company, target=task, actor=by, title=task.title)
    next_steps.refresh(*rows)
    cache.delete(_key(name))
    return rows


def _keep(found):
    found = list(found.prefetch_related("reminders", "participants"))
    rows = [*found, *(row for task in found for row in (*task.reminders.all(), *task.participants.all()))]
    steps = PlaybookRunStep.objects.filter(task__in=found).values_list("pk", "task")
    return {"rows": _frozen(rows), "steps": list(map(list, steps))}


def _frozen(rows):
    return serializers.serialize("json", rows)


def _task_of(row):
    return row.pk if isinstance(row, Task) else row.task_id


def _course(pk):
    """How a rule stands, to see whether somebody changed it since."""
    found = Recurrence.objects.filter(pk=pk).values_list(*COURSE).first()
    return list(found) if found else None


def _take_up_steps(steps):
    """Steps of playbooks are those tasks again. What began when they were gone goes on."""
    for pk, task in steps:
        PlaybookRunStep.objects.filter(pk=pk).update(task=task, done_at=None)


def _invite_all_anew(row):
    """The same of letters about all of what repeats: those of the deletion name the revision it made."""
    letters = Delivery.objects.filter(
        key__startswith=f"invitation:series:{row.pk}:", key__endswith=f":{row.revision + 1}", purpose=PURPOSE
    )
    letters.filter(state__in=Delivery.WAITING).delete()
    if letters.exists():
        row.revision += 2
        row.save(update_fields=["revision"])


def _invite_anew(task):
    """Letters of cancellation that have not left stay here; who has got one is to be invited again."""
    letters = Delivery.objects.filter(
        purpose=PURPOSE, target_type=task._meta.label_lower, target_id=task.pk, refs__method="CANCEL"
    )
    letters.filter(state__in=Delivery.WAITING).delete()
    if Participant.objects.filter(task=task, email__in=letters.values("to")).update(told=-1):
        Task.objects.filter(pk=task.pk).update(revision=task.revision + 1)


def _key(name):
    return f"contacts:deleted-task:{name}"
