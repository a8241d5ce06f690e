"""What repeats, as calendars outside hold it: one entry with the rule, and one for each occurrence that stands elsewhere
or says something else than the rule (RFC 5545: RRULE, EXDATE, RECURRENCE-ID)."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import BooleanField, ExpressionWrapper

from contacts.models import Task
from contacts.services import occurrences
from crm import ical
from crm import recurrence as rules

# Where a row says something else than its rule, it gets an entry of its own.
SAID = ("title", "place", "note", "kind", "type_id", "contact_id", "company_id")


def uid_of(row):
    """The name of what repeats in calendars outside."""
    return row.uid or f"series-{row.pk}"


def name_in(row, task):
    """How an occurrence is named outside where its rule is known: as a part of that, newer with either of them."""
    return {"uid": uid_of(row), "zone": row.zone, "revision": row.revision + task.revision}


def entries(rows, *, since, draw, theirs):
    """The entries of what repeats, from an instant on. `draw(task, uid=…, zone=…, revision=…)` makes one of a
    task. `theirs`, a condition on tasks, says which occurrences stand in the calendar that is written: whoever it is
    for may have given one away, or may not take part in one.
    """
    rows, made = list(rows), defaultdict(dict)
    near = Task.objects.filter(recurrence__in=[row.pk for row in rows], due_at__gte=since - Task.LONGEST)
    near = near.annotate(stands=ExpressionWrapper(theirs, output_field=BooleanField()))
    for task in near.select_related("type", "contact", "company").order_by("due_at"):
        made[task.recurrence_id][task.slot] = task
    for row in rows:
        yield from _entries_of(_Course(row, made[row.pk], rules.wall_of(since, row.zone)), draw)


def _entries_of(course, draw):
    row = course.row
    if course.walls:
        yield ical.repeat(
            draw(course.as_ruled(course.walls[0]), uid=uid_of(row), zone=row.zone, revision=row.revision),
            row.rule, row.zone, until=course.last, without=course.gone,
        )  # fmt: skip
    for task in course.made.values():
        if not task.stands:
            continue
        wall = rules.slot_of(task.slot)
        if wall not in course.walls:
            yield draw(task)
        elif _says(task) != _says(course.as_ruled(wall)):
            yield ical.instead(draw(task, **name_in(row, task)), wall, row.zone, whole=row.whole_day)


def _says(task):
    # Of whole days no instant is told, and it is another one where somebody elsewhere moved them.
    time = (task.day_on, task.days) if task.day_on else (task.due_at, task.ends_at)
    return (*time, *(getattr(task, name) for name in SAID))


@dataclass
class _Course:
    """How a rule goes on from a wall time: where it begins, which of its occurrences are gone, where it ends.

    `walls` are the occurrences there are, up to the first that is no row yet: from that on all of them are to come.
    """

    row: object
    made: dict
    since: object

    def __post_init__(self):
        row = self.row
        begin = max(self.since, row.first)
        coming = rules.slot_of(row.next_slot) if row.next_slot else None
        end = max([*map(rules.slot_of, self.made), *filter(None, [coming]), begin]) + timedelta(minutes=1)
        ruled = list(rules.slots(row.rule, row.first, after=begin, before=end))
        skipped = set(map(rules.slot_of, row.skipped))
        standing = {rules.slot_of(slot) for slot, task in self.made.items() if task.stands}
        lost = {rules.slot_of(slot) for slot in self.made} - standing
        self.walls = [
            wall for wall in ruled if wall in standing or coming and wall >= coming and wall not in skipped | lost
        ]
        self.last = self._last()
        first = self.walls[0] if self.walls else begin
        ahead = {wall for wall in skipped if wall >= end and rules.has(row.rule, row.first, wall)}
        self.gone = {wall for wall in {*ruled, *ahead} - set(self.walls) if first < wall <= (self.last or wall)}

    def as_ruled(self, wall):
        """An occurrence as the rule has it, with what is known of its rule."""
        task = occurrences.unsaved(self.row, wall)
        task.type, task.contact, task.company = self.row.type, self.row.contact, self.row.company
        return task

    def _last(self):
        """The last occurrence where the rule does not say it itself: it was ended, or it is counted."""
        row = self.row
        if not row.next_slot:
            return self.walls[-1] if self.walls else None
        if "COUNT" in rules.parse(row.rule):
            return list(rules.slots(row.rule, row.first))[-1]
        return None
