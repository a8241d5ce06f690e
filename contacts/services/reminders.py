"""Reminders: due rows that a sweep of beat gives out, once each, however often or late it comes."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from contacts.models import Participant, Reminder
from contacts.templatetags.work import when
from crm.notify import notify

BATCH = 200
# After a long silence nobody is reminded of what is long over: it stands on Today as overdue.
TOO_LATE = timedelta(hours=24)
# Of whole days one is reminded before nine in the morning, not before the end of work.
EARLIER = timedelta(hours=8)
CHOICES = [0, 5, 15, 30, 60, 120, 1440, 2880, 10080]


def set_reminders(task, minutes):
    """Let the task have reminders so many minutes before, and no others. Those that stay keep what was sent."""
    wanted = set(minutes)
    task.reminders.exclude(minutes__in=wanted).delete()
    held = set(task.reminders.values_list("minutes", flat=True))
    Reminder.objects.bulk_create(
        [Reminder(task=task, minutes=m, due_at=_due(task, m)) for m in sorted(wanted - held, reverse=True)]
    )


def follow(task):
    """The task has another due time: its reminders move with it, and those that lie ahead again will speak again."""
    now = timezone.now()
    for reminder in task.reminders.all():
        due = _due(task, reminder.minutes)
        if due != reminder.due_at:
            again = {"sent_at": None} if due and due > now else {}
            task.reminders.filter(pk=reminder.pk).update(due_at=due, **again)


def send_due():
    """Give out what is due. Returns how many rows were settled."""
    now = timezone.now()
    with transaction.atomic():
        rows = Reminder.objects.select_for_update(skip_locked=True, of=["self"]).filter(sent_at=None, due_at__lte=now)
        due = list(rows.select_related("task__owner", "task__contact", "task__company").order_by("due_at")[:BATCH])
        Reminder.objects.filter(pk__in=[row.pk for row in due]).update(sent_at=now)
        for reminder in due:
            if _is_worth(reminder.task, now):
                _tell(reminder)
    return len(due)


def _due(task, minutes):
    start = task.due_at - EARLIER if task.due_at and task.day_on else task.due_at
    return start - timedelta(minutes=minutes) if start else None


def _is_worth(task, now):
    return task.is_open and task.due_at is not None and (task.ends_at or task.due_at) > now - TOO_LATE


def _tell(reminder):
    task = reminder.task
    guests = Participant.objects.filter(task=task, user__isnull=False).exclude(answer=Participant.Answer.DECLINED)
    people = {guest.user for guest in guests.select_related("user")} | {task.owner}
    for person in filter(None, people):
        with override(person.language), timezone.override(person.time_zone):
            text = _("%(when)s: %(title)s") % {"when": when(task), "title": task.title}
        # The due time is part of the key: a task that was moved is another occasion.
        key = f"{task.pk}:{reminder.minutes}:{task.due_at.isoformat()}"
        notify(person, "task.reminder", text, task.get_absolute_url(), key=key)
