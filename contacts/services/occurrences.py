"""Occurrences of what repeats. The nearest is a row, so that it can remind and stand on Today; the others are made
when somebody touches them or their time comes."""

from datetime import datetime, timedelta
from itertools import islice

from django.db import transaction
from django.utils import timezone

from contacts.models import Participant, Recurrence, Task
from contacts.models.task import END_OF_WORK, new_uid
from contacts.services import next_steps, reminders
from crm import recurrence as rules
from crm.models import User

# Before its reminders speak, an occurrence is a row.
LEAD = timedelta(days=1)
COPIED = ("kind", "type_id", "title", "note", "place", "priority", "contact_id", "company_id", "target_type", "target_id",
          "owner_id", "team_id", "by_id")  # fmt: skip


def begin(task, rule, zone, *, minutes_before=(), people=()):
    """Let a task repeat: it becomes the first occurrence. `people` are {"user" | "contact", "name", "email"}."""
    wall = datetime.combine(task.day_on, END_OF_WORK) if task.day_on else rules.wall_of(task.due_at, zone)
    row = Recurrence(rule=rule, zone=zone, starts=rules.slot_text(wall), minutes=task.minutes)
    row.reminders, row.people, row.whole_day = sorted(minutes_before), list(people), bool(task.day_on)
    for name in COPIED:
        setattr(row, name, getattr(task, name))
    row.save()
    task.recurrence, task.slot = row, row.starts
    task.save(update_fields=["recurrence", "slot"])
    point_on(row)
    return row


def point_on(row, since=None):
    """Set `next_slot` to the first occurrence from `since` on, else behind the rows that are there."""
    if since is None:
        last = row.occurrences.order_by("-slot").values_list("slot", flat=True).first()
        since = rules.slot_of(last) + timedelta(minutes=1) if last else row.first
    _point(row, next(row.slots(after=max(since, row.first)), None))


def make_next(row, *, now=None):
    """Make rows of what is near. What passed unseen, as in a long silence, becomes one row, not twenty."""
    now = now or timezone.now()
    with transaction.atomic():
        row = Recurrence.objects.select_for_update(of=["self"]).filter(pk=row.pk).first()
        while row and row.next_at and (row.next_at <= _horizon(row, now) or not _has_open(row, now)):
            wall = _latest_passed(row, now)
            _make(row, wall)
            _point(row, next(row.slots(after=wall + timedelta(minutes=1)), None))


def occurrence(row, text):
    """The row of one occurrence, made when there is none yet. Raises ValueError when the rule has no such one."""
    wall = rules.slot_of(text)
    with transaction.atomic():
        row = Recurrence.objects.select_for_update(of=["self"]).get(pk=row.pk)
        if text in row.skipped or not rules.has(row.rule, row.first, wall):
            raise ValueError(text)
        task = _make(row, wall)
        if row.next_slot == text:
            _point(row, next(row.slots(after=wall + timedelta(minutes=1)), None))
    return task


def due_rows(now):
    """Recurrences whose next occurrence is to become a row, because it is near or its reminders are."""
    farthest = now + LEAD + timedelta(minutes=max(reminders.CHOICES))
    rows = Recurrence.objects.filter(next_at__lte=farthest).order_by("next_at")
    return [row for row in rows.iterator(chunk_size=1000) if row.next_at <= _horizon(row, now)]


def virtual(rows, start, end):
    """Unsaved tasks for the occurrences in [start, end) that are no rows yet, in order of time."""
    rows = list(rows)
    made = _made(rows)
    found = []
    for row in rows:
        span = timedelta(minutes=row.minutes or 0)
        after = max(rules.slot_of(row.next_slot), rules.wall_of(start - span, row.zone))
        # A clock that goes back shows an hour twice: one more hour is looked at, the instant decides.
        before = rules.wall_of(end, row.zone) + timedelta(hours=1)
        for wall in row.slots(after=after, before=before):
            task = unsaved(row, wall)
            if (row.pk, task.slot) not in made and task.due_at < end and (task.ends_at or task.due_at) >= start:
                found.append(task)
    return sorted(found, key=lambda task: task.due_at)


def unsaved(row, wall):
    """An occurrence as the rule has it, not saved."""
    due = row.instant(wall)
    task = Task(recurrence=row, slot=rules.slot_text(wall), due_at=due, uid="")
    task.ends_at = due + timedelta(minutes=row.minutes) if row.minutes else None
    task.day_on = wall.date() if row.whole_day else None
    for name in COPIED:
        setattr(task, name, getattr(row, name))
    return task


def _made(rows):
    """{(recurrence, slot)} of the rows behind the first open slot."""
    if not rows:
        return set()
    since = min(row.next_slot for row in rows)
    found = Task.objects.filter(recurrence__in=[row.pk for row in rows], slot__gte=since)
    return set(found.values_list("recurrence_id", "slot"))


def skip(task):
    """Take an occurrence out of its rule; the row is the caller's to delete."""
    row = Recurrence.objects.select_for_update(of=["self"]).get(pk=task.recurrence_id)
    row.skipped = sorted({*row.skipped, task.slot})
    row.save(update_fields=["skipped"])


def upcoming(row, n=3):
    """The instants of the next occurrences behind the rows."""
    if not row.next_slot:
        return []
    return [row.instant(wall) for wall in islice(row.slots(after=rules.slot_of(row.next_slot)), n)]


def _point(row, wall):
    row.next_slot = rules.slot_text(wall) if wall else None
    row.next_at = row.instant(wall) if wall else None
    Recurrence.objects.filter(pk=row.pk).update(next_slot=row.next_slot, next_at=row.next_at)


def _horizon(row, now):
    return now + LEAD + timedelta(minutes=max(row.reminders, default=0))


def _has_open(row, now):
    return row.occurrences.filter(done_at=None, due_at__gt=now).exists()


def _latest_passed(row, now):
    """The next slot, or when it and later ones have passed, the last of those."""
    wall = rules.slot_of(row.next_slot)
    if row.next_at > now:
        return wall
    passed = list(row.slots(after=wall, before=rules.wall_of(now, row.zone) + timedelta(minutes=1)))
    return passed[-1] if passed else wall


def _make(row, wall):
    task = unsaved(row, wall)
    found = Task.objects.filter(recurrence=row, slot=task.slot).first()
    if found:
        return found
    task.uid = new_uid()
    task.save()
    reminders.set_reminders(task, row.reminders)
    # Who has the rule in the calendar knows the occurrence.
    people = [Participant(task=task, user_id=p.get("user"), contact_id=p.get("contact"), name=p["name"], email=p["email"].lower(),
                          told=min(p.get("told", -1), 0), answer=p.get("answer", Participant.Answer.ASKED))
              for p in row.people if not p.get("user") or User.objects.filter(pk=p["user"], is_active=True).exists()]  # fmt: skip
    Participant.objects.bulk_create(people)
    next_steps.refresh(task)
    return task
