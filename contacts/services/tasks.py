"""Tasks: what somebody is to do next, and the next step shown on the cards."""

from copy import copy
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from contacts.models import Participant, Task
from contacts.models.task import END_OF_WORK
from contacts.services import invitations, next_steps, occurrences, reminders
from contacts.services.people import touch
from crm.events import record
from crm.notify import notify

# A change of these is news to those who were invited.
TOLD = ("title", "due_at", "day_on", "ends_at", "place")


@transaction.atomic
def create_task(
    *, owner, title, by=None, contact=None, company=None, target=None, key=None, remind=(), guests=(), **fields
):
    """Give somebody a task. With `key` the same reason makes only one: the second time returns None.

    `remind` are minutes before it is due, `guests` those who take part: {"user" | "contact", "name", "email"}.
    """
    task = Task(title=title[:200], by=by, contact=contact, key=key, **fields)
    task.company = company or (contact.company if contact else None)
    if target is not None:
        task.target_type, task.target_id = target._meta.label_lower, target.pk
    task.assign_to(owner)
    if key and Task.objects.filter(key=key).exists():
        return None
    task.save()
    reminders.set_reminders(task, remind)
    set_guests(task, guests, by=by)
    next_steps.refresh(task)
    _note("task.created", task, by)
    if owner and owner != by:
        _tell(task, by)
    return task


@transaction.atomic
def change_task(task, values, *, by, remind=None, guests=None):
    """Write fields of a task; what follows from them follows. None for `remind` or `guests` leaves them."""
    before = copy(Task.objects.select_for_update(of=["self"]).get(pk=task.pk))
    for name, value in values.items():
        setattr(task, name, value)
    if "owner" in values:
        task.assign_to(values["owner"])
    if any(getattr(before, name) != getattr(task, name) for name in TOLD):
        task.revision = before.revision + 1
    task.save(update_fields=[*values, "team", "revision"])
    if remind is not None:
        reminders.set_reminders(task, remind)
    if guests is not None:
        set_guests(task, guests, by=by)
    if task.due_at != before.due_at:
        reminders.follow(task)
        _note("task.moved", task, by, before=_iso(before.due_at), after=_iso(task.due_at))
    next_steps.refresh(before, task)
    if before.owner_id != task.owner_id:
        _note("task.delegated", task, by, to=str(task.owner or "–"))
        if task.owner and task.owner != by:
            _tell(task, by)


@transaction.atomic
def finish_task(task, *, by, outcome=""):
    """Mark as done, once; says whether it was open. What repeats gets its next occurrence."""
    done = Task.objects.filter(pk=task.pk, done_at=None).update(done_at=timezone.now(), outcome=outcome[:200])
    if not done:
        return False
    if task.contact:
        touch(task.contact)
    elif task.company:
        touch(task.company)
    if task.recurrence_id:
        occurrences.make_next(task.recurrence)
    next_steps.refresh(task)
    _note("task.done", task, by, text=outcome)
    return True


@transaction.atomic
def reopen_task(task, *, by):
    """Take back that it was done."""
    Task.objects.filter(pk=task.pk).update(done_at=None, outcome="")
    next_steps.refresh(task)
    _note("task.reopened", task, by)


@transaction.atomic
def snooze_task(task, *, by, days=1):
    """Move the due time to the same hour some days from now, a whole day to that day."""
    now = timezone.now()
    day = timezone.localdate(now) + timedelta(days=days)
    # On the clock of the person: the change to summer time does not move it.
    hour = END_OF_WORK if task.day_on else timezone.localtime(task.due_at or now).time()
    due = timezone.make_aware(datetime.combine(day, hour))
    set_due(task, due, by=by, day=day if task.day_on else None)


@transaction.atomic
def set_due(task, due_at, *, by=None, minutes=None, day=None):
    """Move the due time; None takes it away. The length stays unless `minutes` says otherwise. `day` makes it a matter of
    whole days from that one on; without it, it has hours."""
    minutes = task.minutes if minutes is None else minutes
    ends = due_at + timedelta(minutes=minutes) if due_at and minutes else None
    change_task(task, {"due_at": due_at, "ends_at": ends, "day_on": day if due_at else None}, by=by)


def save_form(form, *, by):
    """Write what a valid form of a task changed. A due time that moves takes the end with it."""
    task, changed = form.instance, {name: form.cleaned_data[name] for name in form.changed_data}
    if "due_at" in changed:
        set_due(task, changed.pop("due_at"), by=by, minutes=Task.objects.get(pk=task.pk).minutes or 0)
    change_task(task, changed, by=by)


@transaction.atomic
def delegate_task(task, owner, *, by, tell=True):
    """Give the task to somebody else, who is told unless the caller does it."""
    task.assign_to(owner)
    task.save(update_fields=["owner", "team"])
    _note("task.delegated", task, by, to=str(owner or "–"))
    if tell and owner and owner != by:
        _tell(task, by)


@transaction.atomic
def delete_task(task, *, by):
    """Take a task away: those who were invited are told, and what repeats leaves this occurrence out."""
    if task.recurrence_id:
        occurrences.skip(task)
    invitations.cancel(task, by=by)
    step = getattr(task, "playbook_step", None)
    _note("task.deleted", task, by, step=step.pk if step else None)
    recurrence = task.recurrence
    task.delete()
    next_steps.refresh(task)
    if recurrence:
        occurrences.make_next(recurrence)


def set_guests(task, guests, *, by):
    """Let exactly these take part. Colleagues are told in the program; people outside when somebody sends it."""
    wanted = {guest["email"].lower(): guest for guest in guests if guest.get("email")}
    gone = task.participants.exclude(email__in=wanted)
    invitations.cancel(task, by=by, only=gone)
    gone.delete()
    held = set(task.participants.values_list("email", flat=True))
    new = [
        Participant(
            task=task,
            email=email,
            name=guest.get("name", ""),
            user_id=guest.get("user"),
            contact_id=guest.get("contact"),
        )
        for email, guest in wanted.items()
        if email not in held
    ]
    Participant.objects.bulk_create(new)
    for guest in new:
        if guest.user and guest.user != by:
            invitations.tell_colleague(task, guest.user, by)


def _note(kind, task, by, **data):
    record(kind, contact=task.contact, company=task.company, target=task, actor=by, title=task.title, **data)


def _iso(moment):
    return moment.isoformat() if moment else ""


def _tell(task, by):
    with override(task.owner.language):
        text = _("%(by)s gave you a task: %(title)s") % {"by": by or _("The program"), "title": task.title}
    notify(task.owner, "task.assigned", text, task.get_absolute_url(), key=f"{task.pk}:{task.owner_id}")
