"""Changes of what repeats: this one, this and following, all."""

from copy import copy
from datetime import timedelta

from django.db import transaction

from contacts.models import Participant, Recurrence
from contacts.models.activity import new_uid
from contacts.services import invitations, next_steps, occurrences, reminders, series_guests, tasks
from contacts.services.invitation_letters import known_to
from crm import recurrence as rules
from crm.events import record

ONE, FOLLOWING, ALL = "one", "following", "all"


@transaction.atomic
def change(task, scope, values, *, wall, minutes, rule, minutes_before, by):
    """Change the rule that a task is an occurrence of, from here on or as a whole.

    `values` are fields of the activity, `wall` the new wall time of this occurrence, `rule` the new rule (None keeps it).
    What is done stays as it was. Returns the Recurrence that now holds from here on.
    """
    old = Recurrence.objects.select_for_update(of=["self"]).get(pk=task.recurrence_id)
    shift = wall - rules.slot_of(task.slot)
    before = old.rule
    splits = scope == FOLLOWING and task.slot != old.starts
    since = rules.slot_of(max(old.next_slot, task.slot if splits else "")) + shift if old.next_slot else None
    row = _split(old, task.slot, shift) if splits else old
    if row is old:
        row.starts = rules.slot_text(old.first + shift)
        row.skipped = _shifted(old.skipped, shift)
    row.rule = _counted_on(rule, before, row.rule) if rule else row.rule
    row.minutes, row.reminders = minutes, sorted(minutes_before)
    row.revision += 0 if splits else 1
    if "people" in values:
        if not splits:
            _uninvite(row, known_to(row) - _addresses(values["people"]), task, by)
        values = values | {"people": series_guests.carry_over(row, values["people"])}
    for name, value in values.items():
        setattr(row, name, value)
    row.team_id = row.owner.team_id if row.owner else row.team_id
    row.save()
    _lay_anew(old, row, task.slot if row is not old else "", shift, by)
    if splits:
        # Also who no longer takes part from here on: the past ones stay in his calendar.
        series_guests.tell_changed(old, task, by)
    occurrences.point_on(row, since)
    occurrences.make_next(row)
    record("task.series_changed", contact=row.contact, company=row.company, actor=by, title=row.title)
    return row


@transaction.atomic
def delete(task, scope, *, by):
    """End the rule before this occurrence, or as a whole. What is done stays."""
    row = Recurrence.objects.select_for_update(of=["self"]).get(pk=task.recurrence_id)
    rows = row.occurrences.filter(done_at=None)
    if scope == FOLLOWING:
        row.rule, _before = rules.ending_before(row.rule, row.first, rules.slot_of(task.slot))
        rows = rows.filter(slot__gte=task.slot)
    row.revision += 1
    _end_before(row, task.slot if scope == FOLLOWING else "")
    gone = list(rows)
    for lost in gone:
        invitations.cancel(lost, by=by, without=known_to(row))
    rows.delete()
    if scope == FOLLOWING:
        series_guests.tell_changed(row, task, by)
    else:
        series_guests.cancel(row, task, by)
    next_steps.refresh(*gone)
    record("task.series_ended", contact=row.contact, company=row.company, actor=by, title=row.title)
    return gone


def _split(old, slot, shift):
    """A new recurrence from a slot on; the old one ends before it."""
    wall = rules.slot_of(slot)
    row = Recurrence.objects.get(pk=old.pk)
    row.pk, row._state.adding, row.uid, row.revision = None, True, new_uid(), 0
    row.people = [{name: p[name] for name in p if name not in series_guests.KNOWN} for p in row.people]
    old.revision += 1
    shorter, before = rules.ending_before(old.rule, old.first, wall)
    if before:
        row.rule = rules.with_count(old.rule, int(rules.parse(old.rule)["COUNT"]) - before)
    row.starts = rules.slot_text(wall + shift)
    row.skipped = _shifted([text for text in old.skipped if text >= slot], shift)
    old.rule = shorter
    _end_before(old, slot)
    return row


def _counted_on(rule, before, rest):
    """A new rule; a number of times that nobody changed is that of the rest."""
    given, was, left = (rules.parse(text).get("COUNT") for text in (rule, before, rest))
    return rules.with_count(rule, left) if given and given == was else rule


def _end_before(row, slot):
    """Nothing is to come from a slot on; what is no row yet and lies before it still is."""
    if not row.next_slot or row.next_slot >= slot:
        row.next_slot = row.next_at = None
    row.save()


def _uninvite(row, emails, task, by):
    """Tell those who no longer take part, once and for all of it."""
    series_guests.cancel(row, task, by, only=emails)
    Participant.objects.filter(task__recurrence=row, task__done_at=None, email__in=emails).update(told=-1)


def _addresses(people):
    return {person["email"].lower() for person in people}


def _shifted(texts, shift):
    return [rules.slot_text(rules.slot_of(text) + shift) for text in texts]


def _lay_anew(old, row, since, shift, by):
    """Open occurrences follow the changed rule; those it no longer has are gone."""
    touched = []
    # In this order no row takes the slot of one that is still to move.
    order = "-slot" if shift > timedelta(0) else "slot"
    for task in old.occurrences.filter(done_at=None, slot__gte=since).order_by(order):
        wall = rules.slot_of(task.slot) + shift
        touched.append(copy(task))
        known = known_to(old)
        if not rules.has(row.rule, row.first, wall):
            invitations.cancel(task, by=by, without=known)
            task.delete()
            continue
        if row is not old:
            # In their calendars the old rule has ended; of the new one they have not heard.
            task.participants.filter(email__in=known).update(told=-1)
        _follow(task, row, wall)
        touched.append(task)
    next_steps.refresh(*touched)


def _follow(task, row, wall):
    for name in occurrences.COPIED:
        setattr(task, name, getattr(row, name))
    task.revision += 1
    task.recurrence, task.slot, task.due_at = row, rules.slot_text(wall), row.instant(wall)
    task.ends_at = task.due_at + timedelta(minutes=row.minutes) if row.minutes else None
    task.day_on = wall.date() if row.whole_day else None
    task.save()
    tasks.set_guests(task, row.people, by=row.by)
    reminders.set_reminders(task, row.reminders)
    reminders.follow(task)
