"""Blocks about work that stand on the pages of several kinds of record."""

from django.template.loader import render_to_string

from contacts.models import Playbook, Task
from contacts.services import playbooks
from crm import access

TASKS = 20
RUNS = 5


def tasks_panel(request, record, **of):
    """The open tasks of a record; `of` says how a task names it."""
    rows = Task.objects.visible_to(request.user).filter(done_at=None, **of).select_related("owner")
    context = {"record": record, "tasks": rows.order_by("due_at", "pk")[:TASKS]}
    return render_to_string("contacts/panels/tasks.html", context, request)


def playbooks_panel(kind, request, record):
    """The playbooks at work on a record, and those that can be started; nothing when there are none."""
    runs = list(playbooks.runs_of(record).visible_to(request.user).with_rights(request.user)[:RUNS])
    for run in runs:
        run.done = sum(1 for step in run.steps.all() if step.done_at)
    context = {
        "kind": kind,
        "record": record,
        "runs": runs,
        "books": Playbook.objects.filter(is_active=True, steps__isnull=False).distinct(),
        "may_start": record.can_edit and access.may(request.user, "task", "edit"),
    }
    return render_to_string("contacts/panels/playbooks.html", context, request) if runs or context["books"] else ""
