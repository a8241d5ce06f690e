"""A person's calendar for programs outside, behind a secret address."""

from datetime import timedelta

from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import override

from contacts.models import CalendarFeed, Participant, Recurrence, Task
from contacts.services import occurrences
from contacts.services.invitations import entry_of
from crm import ical
from crm.models import Workspace

BEFORE, AHEAD = timedelta(days=60), timedelta(days=366)
MOST = 3000
NOTED = timedelta(hours=1)


def of_user(feed):
    """The bytes of the calendar. What repeats is written out, so that no client has to know rules or zones."""
    user, now = feed.user, timezone.now()
    CalendarFeed.objects.filter(pk=feed.pk).exclude(read_at__gt=now - NOTED).update(read_at=now)
    mine = Q(owner=user) | Q(pk__in=Participant.objects.filter(user=user).values("task"))
    rows = Task.objects.visible_to(user).filter(mine).between(now - BEFORE, now + AHEAD)
    tasks = list(rows.select_related("type", "contact", "company").order_by("-due_at")[:MOST])
    repeated = Recurrence.objects.visible_to(user).filter(owner=user, next_at__lt=now + AHEAD).select_related("type")
    room = MOST - len(tasks)
    tasks += occurrences.virtual(repeated, now - BEFORE, now + AHEAD)[:room]
    with override(user.language):
        name = f"{Workspace.get().name}: {user}"
        return ical.calendar([_entry(task, feed.shows_details) for task in tasks], name=name)


def _entry(task, details):
    if not details:
        return entry_of(task, title=task.kind_name)
    parts = [str(part) for part in (task.contact, task.company) if part] if task.pk else []
    return entry_of(
        task,
        text="\n".join(filter(None, [*parts, task.note])),
        place=task.place,
        url=settings.BASE_URL + task.get_absolute_url() if task.pk else "",
    )
