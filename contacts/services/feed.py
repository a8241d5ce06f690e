"""A person's calendar for programs outside, behind a secret address."""

from datetime import timedelta
from functools import partial

from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import override

from contacts.models import CalendarFeed, Participant, Recurrence, Task
from contacts.services import ical_series
from contacts.services.invitation_letters import entry_of
from crm import ical
from crm.models import Workspace

BEFORE, AHEAD = timedelta(days=60), timedelta(days=366)
MOST = 3000
NOTED = timedelta(hours=1)


def of_user(feed):
    """The bytes of the calendar: what is done once as entries, what repeats as its rule with what differs from it."""
    user, now = feed.user, timezone.now()
    CalendarFeed.objects.filter(pk=feed.pk).exclude(read_at__gt=now - NOTED).update(read_at=now)
    mine = Q(owner=user) | Q(pk__in=Participant.objects.filter(user=user).values("task"))
    rows = Task.objects.visible_to(user).filter(mine).between(now - BEFORE, now + AHEAD)
    tasks = list(rows.select_related("type", "contact", "company").order_by("-due_at")[:MOST])
    repeated = _repeated(user, {task.recurrence_id for task in tasks} - {None}, now)
    draw = partial(_entry, details=feed.shows_details)
    with override(user.language):
        entries = [draw(task) for task in tasks if task.recurrence_id not in repeated]
        entries += ical_series.entries(repeated.values(), since=now - BEFORE, draw=draw, theirs=mine)
        return ical.calendar(entries, name=f"{Workspace.get().name}: {user}")


def _repeated(user, begun, now):
    """{key: Recurrence} of what repeats for the user: what is to come, and what has rows among these keys."""
    rows = Recurrence.objects.visible_to(user).of([user]).filter(Q(next_at__lt=now + AHEAD) | Q(pk__in=begun))
    return {row.pk: row for row in rows.select_related("type", "contact", "company").order_by("pk")[:MOST]}


def _entry(task, details, **more):
    if not details:
        return entry_of(task, title=task.kind_name, **more)
    parts = [str(part) for part in (task.contact, task.company) if part]
    return entry_of(
        task,
        text="\n".join(filter(None, [*parts, task.note])),
        place=task.place,
        url=settings.BASE_URL + task.get_absolute_url() if task.pk else "",
        **more,
    )
