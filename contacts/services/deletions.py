"""Deleting tasks, and taking that back while the word about it stands on the page.

What was deleted is kept in the cache for a few minutes and then forgotten: nobody has to erase it anywhere.
"""

import secrets

from django.core import serializers
from django.core.cache import cache
from django.db import IntegrityError, connection, transaction

from contacts.models import Participant, PlaybookRunStep, Recurrence, Task
from contacts.services import next_steps, series, tasks
from contacts.services.invitation_letters import PURPOSE
from crm.events import record
from crm.models import Delivery

GOOD_FOR = 600  # seconds


@transaction.atomic
def delete(task, scope, *, by):
    """Delete a task; of what repeats this one, this and following, or all that are open. Returns the name under which
    `put_back` finds it; "" when nothing was open and so nothing is gone."""
    row = _locked(task.recurrence_id)
    if row and scope in {series.FOLLOWING, series.ALL}:
        kept = _keep(row.occurrences.filter(done_at=None)) | {"row": row.pk, "course": _frozen([row])}
        gone = {lost.pk for lost in series.delete(task, scope, by=by)}
        kept["left"] = _frozen([_locked(row.pk)])
    else:
        kept = _keep(Task.objects.filter(pk=task.pk))
        kept |= {"row": row.pk, "slot": task.slot, "revision": row.revision} if row else {}
        gone = {task.pk}
        tasks.delete_task(task, by=by)
    if not gone:
        return ""
    name = secrets.token_urlsafe(16)
    cache.set(_key(name), kept | {"by": by.pk, "gone": sorted(gone)}, GOOD_FOR)
    return name


@transaction.atomic
def put_back(name, *, by):
    """Let what was deleted be there again. Returns the tasks: none when what they hung on was changed or deleted since,
    None when nothing of that name is kept for this user (any more)."""
    kept = cache.get(_key(name))
    # Of two at once only one takes it out.
    if not kept or kept["by"] != by.pk or not cache.delete(_key(name)):
        return None
    try:
        with transaction.atomic():
            if "row" in kept and not _take_up_course(kept):
                return []
            _take_up_rows(kept)
    except IntegrityError:
        return []
    rows = list(Task.objects.for_card().filter(pk__in=kept["gone"]).order_by("due_at"))
    _take_up_steps(kept["steps"])
    if "course" in kept:
        _invite_all_anew(Recurrence.objects.get(pk=kept["row"]))
    for task in rows:
        _invite_anew(task)
        record("task.put_back", contact=task.contact, company=task.company, target=task, actor=by, title=task.title)
    next_steps.refresh(*rows)
    return rows


def _take_up_course(kept):
    """Let the rule have again what was deleted of it. False when that is another rule by now: then nothing changes."""
    row = _locked(kept["row"])
    if row is None:
        return False
    if "course" in kept:
        if _frozen([row]) != kept["left"]:
            return False
        for found in serializers.deserialize("json", kept["course"]):
            found.save()
        return True
    # What else was left out or answered since stays; a change of all, or its end, has made another revision.
    if row.revision != kept["revision"] or kept["slot"] not in row.skipped:
        return False
    row.skipped.remove(kept["slot"])
    row.save(update_fields=["skipped"])
    return True


def _locked(pk):
    return Recurrence.objects.select_for_update(of=["self"]).filter(pk=pk).first()


def _keep(found):
    found = list(found.select_for_update(of=["self"]).prefetch_related("reminders", "participants"))
    rows = [*found, *(row for task in found for row in (*task.reminders.all(), *task.participants.all()))]
    steps = PlaybookRunStep.objects.filter(task__in=found).values_list("pk", "task")
    return {"rows": _frozen(rows), "steps": list(map(list, steps))}


def _frozen(rows):
    return serializers.serialize("json", rows)


def _task_of(row):
    return row.pk if isinstance(row, Task) else row.task_id


def _take_up_rows(kept):
    """Write what was deleted again. Raises IntegrityError when the customer, say, was deleted since."""
    for found in serializers.deserialize("json", kept["rows"]):
        if _task_of(found.object) in kept["gone"]:
            found.save()
    # The database would say so only when everything else has been done.
    connection.check_constraints()


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
