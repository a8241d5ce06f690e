"""A range of the calendar: whose, which days, what stands in them, when nobody works. One range in few queries."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from contacts.models import Company, Contact, Participant, Recurrence, Task
from contacts.services import occurrences
from crm import access
from crm.models import BusinessCalendar, User

QUARTERS = 96  # of an hour in a day
SHORTEST = 2  # quarters that an entry takes at least, so that it can be read and caught
MOST_LANES = 4
MOST = 2000
IN_MONTH = 4
AROUND = timedelta(days=1)


@dataclass
class Item:
    """An entry on one day: where it stands in quarters of an hour, in which lane of how many."""

    task: Task
    start: datetime
    top: int
    size: int
    customer: str = ""
    lane: int = 0
    lanes: int = 1
    begins: bool = True  # False for the part after midnight

    @property
    def is_virtual(self):
        return self.task.pk is None

    @property
    def minutes(self):
        return self.task.minutes or 0

    @property
    def bottom(self):
        return min(QUARTERS, self.top + max(self.size, SHORTEST))


@dataclass
class Day:
    date: date
    items: list = field(default_factory=list)
    whole: list = field(default_factory=list)  # what takes the whole day
    off: list = field(default_factory=list)  # (first quarter, quarters) in which nobody works
    holiday: str = ""
    is_today: bool = False
    is_other: bool = False  # of the month before or after

    @property
    def all(self):
        """Everything, that of the whole day first."""
        return [*self.whole, *self.items]

    @property
    def shown(self):
        """What has room in a month: all four, or three and a word about the rest."""
        return self.all if len(self.all) <= IN_MONTH else self.all[: IN_MONTH - 1]


def days_of(view, day, week_start):
    """The days that a view shows around a day."""
    if view == "day":
        return [day]
    first = day.replace(day=1) if view == "month" else day
    first -= timedelta(days=(first.weekday() - week_start) % 7)
    if view == "week":
        return [first + timedelta(days=n) for n in range(7)]
    last = (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    weeks = ((last - first).days // 7) + 1
    return [first + timedelta(days=n) for n in range(weeks * 7)]


def people_for(user):
    """Whose calendars the user may look into, himself first."""
    level = user.level("task", "view")
    others = User.objects.filter(is_active=True).exclude(pk=user.pk).order_by("name")
    if level < access.ALL:
        others = others.filter(team__in=user.team_ids) if level == access.TEAM else others.none()
    return [user, *others]


def fill(days, user, people):
    """The days with what stands in them for these people, as far as the user may see it."""
    zone = timezone.get_current_timezone()
    start = datetime.combine(days[0].date, datetime.min.time(), zone)
    end = datetime.combine(days[-1].date + timedelta(days=1), datetime.min.time(), zone)
    tasks = _tasks(user, people, start, end)
    names = _customers(user, tasks)
    by_date = {day.date: day for day in days}
    for task in tasks:
        customer = names.get((task.contact_id, task.company_id), "")
        for item in _whole_days(task, zone, customer) if task.day_on else _pieces(task, zone, customer):
            if day := by_date.get(item.start.date()):
                (day.whole if task.day_on else day.items).append(item)
    for day in days:
        _lay_out(day.items)
    _shade(days, zone)
    return days


def _tasks(user, people, start, end):
    # A whole day is the same day for everybody, but elsewhere on the globe its instant may lie beside the range.
    start, end = start - AROUND, end + AROUND
    mine = Q(owner__in=people) | Q(pk__in=Participant.objects.filter(user__in=people).values("task"))
    rows = Task.objects.visible_to(user).between(start, end).filter(mine).with_rights(user)
    found = list(rows.select_related("type", "owner").order_by("due_at", "pk")[:MOST])
    repeated = Recurrence.objects.visible_to(user).with_rights(user).select_related("type", "owner")
    repeated = list(repeated.of(people).filter(next_at__lt=end)[:MOST])
    rights = {row.pk: row for row in repeated}
    for task in occurrences.virtual(repeated, start, end):
        row = rights[task.recurrence_id]
        task.can_edit, task.owner, task.type = row.can_edit, row.owner, row.type
        found.append(task)
    return sorted(found, key=lambda task: task.due_at)


def _customers(user, tasks):
    """{(contact, company): words} of those the user may see."""
    pairs = {(task.contact_id, task.company_id) for task in tasks}
    people = Contact.objects.visible_to(user).in_bulk({c for c, _k in pairs if c})
    firms = Company.objects.visible_to(user).in_bulk({k for _c, k in pairs if k})
    return {(c, k): " · ".join(str(part) for part in (people.get(c), firms.get(k)) if part) for c, k in pairs if c or k}


def _whole_days(task, zone, customer):
    """The task on each of its whole days."""
    for n in range(task.days):
        wall = datetime.combine(task.day_on + timedelta(days=n), datetime.min.time(), zone)
        yield Item(task, wall, 0, 0, customer, begins=n == 0)


def _pieces(task, zone, customer):
    """The task on each day it touches."""
    start = task.due_at.astimezone(zone)
    end = (task.ends_at or task.due_at).astimezone(zone)
    day, first = start.date(), True
    while first or datetime.combine(day, datetime.min.time(), zone) < end:
        top = _quarter(start) if first else 0
        bottom = QUARTERS if end.date() > day else -(-(end.hour * 60 + end.minute) // 15)
        wall = start if first else datetime.combine(day, datetime.min.time(), zone)
        yield Item(task, wall, top, max(bottom - top, 0), customer, begins=first)
        day, first = day + timedelta(days=1), False


def _quarter(moment):
    return (moment.hour * 60 + moment.minute) // 15


def _lay_out(items):
    """Entries that overlap stand side by side, at most four; the fifth covers the fourth."""
    items.sort(key=lambda item: (item.top, -item.size))
    group, until = [], 0
    for item in [*items, None]:
        if group and (item is None or item.top >= until):
            lanes = max(other.lane for other in group) + 1
            for other in group:
                other.lanes = lanes
            group, until = [], 0
        if item is None:
            return
        taken = {other.lane for other in group if other.bottom > item.top}
        item.lane = next((n for n in range(MOST_LANES) if n not in taken), MOST_LANES - 1)
        group.append(item)
        until = max(until, item.bottom)


def _shade(days, zone):
    """Mark the hours in which nobody works, by the calendar of the reader's zone, else the first one."""
    calendars = list(BusinessCalendar.objects.prefetch_related("days").order_by("pk"))
    calendar = next((row for row in calendars if row.time_zone == str(zone)), calendars[0] if calendars else None)
    if calendar is None:
        return
    hours = calendar.hours()
    names = {special.day: special.name for special in calendar.days.all() if not special.hours}
    for day in days:
        at, day.holiday = 0, names.get(day.date, "")
        for opens, closes in hours.intervals(day.date):
            first, last = opens.astimezone(zone), closes.astimezone(zone)
            if first.date() == day.date and _quarter(first) > at:
                day.off.append((at, _quarter(first) - at))
            at = _quarter(last) if last.date() == day.date else QUARTERS
        if at < QUARTERS:
            day.off.append((at, QUARTERS - at))
