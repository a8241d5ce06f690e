"""What contacts put on the Today page: tasks to do, what is coming, how the team stands."""

from datetime import timedelta

from django.db.models import Count, Q
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from contacts.models import Contact, Task
from contacts.models.task import late
from crm import access, heartbeat
from crm.models import User
from crm.registry import QueueItem, counts_done, panel, today_queue

QUEUE = 50
COMING = 6
TEAM = 12


@today_queue("task", order=10)
def tasks_due(user, now):
    """The user's open tasks, late and hot ones first."""
    rows = Task.objects.filter(owner=user, done_at=None).for_card()
    return [
        QueueItem(
            key=f"task:{task.pk}",
            icon="flame" if task.is_hot else task.icon,
            title=task.title,
            why="; ".join(task.reasons) or task.note[:120],
            url=task.get_absolute_url(),
            due_at=task.due_now,
            whole_day=bool(task.day_on),
            customer=" · ".join(str(part) for part in (task.contact, task.company) if part),
            tone="hot" if task.is_hot else "",
            acts=[
                (_("Done"), reverse("contacts:task_done", args=[task.pk]), "check"),
                (_("Tomorrow"), reverse("contacts:task_snooze", args=[task.pk]), "clock-pause"),
            ],
        )
        for task in rows.order_by("due_at", "-priority", "pk")[:QUEUE]
    ]


@panel("today", name="silence", title=gettext_lazy("Reminders are late"), order=1, kind="task")
def silence(request):
    """A word when no worker has been seen for minutes: nobody should rely on reminders then."""
    if not heartbeat.workers_are_silent():
        return ""
    return render_to_string("contacts/panels/today_silence.html", {}, request)


@counts_done
def tasks_done(user, since):
    return Task.objects.filter(owner=user, done_at__gte=since).count()


@panel("today", name="coming", title=gettext_lazy("Coming up"), order=30, kind="task")
def coming(request):
    """Calls and meetings of the next seven days after today."""
    tomorrow, week = _midnight() + timedelta(days=1), timedelta(days=7)
    hours = Q(day_on=None, due_at__gte=tomorrow, due_at__lt=tomorrow + week)
    days = Q(day_on__gte=tomorrow.date(), day_on__lt=tomorrow.date() + week)
    rows = Task.objects.filter(hours | days, owner=request.user, done_at=None)
    context = {"tasks": rows.for_card().order_by("due_at")[:COMING], "count": rows.count()}
    return render_to_string("contacts/panels/today_coming.html", context, request)


@panel("today", name="team", title=gettext_lazy("The team"), order=50, kind="task")
def team(request):
    """Open and late tasks of each colleague, for those who may give tasks to the team."""
    if request.user.level("task", "edit") < access.TEAM:
        return ""
    done = Q(done_at__gte=_midnight() - timedelta(days=7))
    rows = Task.objects.visible_to(request.user).filter(Q(done_at=None) | done).exclude(owner=None)
    rows = rows.exclude(owner=request.user).values("owner").order_by()
    counted = rows.annotate(
        open=Count("pk", Q(done_at=None)), late=Count("pk", Q(done_at=None) & late()), done=Count("pk", done)
    ).order_by("-late", "-open")[:TEAM]
    people = User.objects.in_bulk([row["owner"] for row in counted])
    context = {"rows": [row | {"person": people[row["owner"]]} for row in counted]}
    return render_to_string("contacts/panels/today_team.html", context, request) if counted else ""


@panel("today", name="week", title=gettext_lazy("What this list did for you"), order=90, kind="task")
def week(request):
    """What the user has got done in seven days. Nobody else sees it."""
    since = _midnight() - timedelta(days=6)
    done = Task.objects.filter(owner=request.user, done_at__gte=since)
    found = done.aggregate(tasks=Count("pk"), people=Count("contact", distinct=True), hot=Count("pk", Q(is_hot=True)))
    found["new"] = Contact.objects.filter(owner=request.user, created_at__gte=since).count()
    return render_to_string("contacts/panels/today_week.html", found, request)


def _midnight():
    return timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
