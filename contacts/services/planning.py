"""From the form of a task to what is done: once or repeated, with guests, reminders, and the next step."""

from django.apps import apps
from django.db import transaction
from django.utils import timezone

from contacts.models import Company, Contact, Task
from contacts.services import occurrences, series, tasks
from crm import registry


@transaction.atomic
def create(form, about, *, by):
    """Make what the form describes, on a record or on none. Returns the (first) Task."""
    data, rule = form.cleaned_data, form.rule()
    values = form.values()
    task = tasks.create_task(by=by, remind=data["remind"], guests=form.people(), **_links(about), **values)
    if rule:
        occurrences.begin(task, rule, _zone(), minutes_before=data["remind"], people=form.people())
        occurrences.make_next(task.recurrence)
    return task


@transaction.atomic
def save(task, form, *, by):
    """Write what the form changed, for one or for several occurrences. Returns the Task to show."""
    data, rule, scope = form.cleaned_data, form.rule(), form.cleaned_data.get("scope")
    values = form.values()
    if not task.recurrence_id or scope not in {series.FOLLOWING, series.ALL}:
        tasks.change_task(task, values, by=by, remind=data["remind"], guests=form.people())
        if rule and not task.recurrence_id:
            occurrences.begin(task, rule, _zone(), minutes_before=data["remind"], people=form.people())
            occurrences.make_next(task.recurrence)
        return task
    for name in ("due_at", "ends_at"):
        values.pop(name)
    values["whole_day"] = values.pop("day_on") is not None
    values["people"] = form.people()
    kept = series.change(
        task, scope, values, wall=form.wall(), minutes=form.length(), rule=rule, minutes_before=data["remind"], by=by,
    )  # fmt: skip
    return Task.objects.filter(pk=task.pk).first() or kept.occurrences.order_by("slot").last() or task


@transaction.atomic
def finish(task, form, *, by):
    """Done, with its result; the next step that was written stands on the same record."""
    data = form.cleaned_data
    tasks.finish_task(task, by=by, outcome=data["outcome"])
    if data["next_title"]:
        tasks.create_task(
            owner=task.owner or by, by=by, title=data["next_title"], kind=data["next_kind"] or Task.Kind.TASK,
            contact=task.contact, company=task.company, target_type=task.target_type, target_id=task.target_id,
            due_at=form.next_due(),
        )  # fmt: skip


def target_of(task, user):
    """The record of a higher app that the task stands on, as far as the user may see it."""
    if not task.target_id or not registry.work_target_of(task.target_type):
        return None
    return apps.get_model(task.target_type).objects.visible_to(user).filter(pk=task.target_id).first()


def _links(about):
    """How a task names the record it stands on."""
    if about is None:
        return {}
    contact, company = registry.work_target_of(about._meta.label_lower).parties(about)
    target = None if isinstance(about, Contact | Company) else about
    return {"contact": contact, "company": company, "target": target}


def _zone():
    # Not its short name, which of a fixed offset is "-12" and names no zone.
    return str(timezone.get_current_timezone())
