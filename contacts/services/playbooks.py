"""Playbooks at work: steps become tasks when their turn comes; the record shows how far it is."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.apps import apps
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from contacts.models import PlaybookRun, PlaybookRunStep, PlaybookStep
from contacts.services.tasks import create_task, delete_task
from crm import registry
from crm.clock import add_business_days
from crm.events import record
from crm.models import BusinessCalendar, Workspace

AT = time(10)
FIELDS = ("position", "title", "note", "kind", "type_id", "days", "in_business_days", "after")


class PlaybookRefused(ValueError):
    """It cannot start here; the message says why."""


@transaction.atomic
def start(playbook, obj, *, by):
    """Put a playbook to work on a record. Returns the run. Raises PlaybookRefused."""
    contact, company = registry.work_target_of(obj._meta.label_lower).parties(obj)
    run = PlaybookRun(playbook=playbook, name=playbook.name, by=by, **_link(obj))
    type(obj)._base_manager.select_for_update(of=["self"]).get(pk=obj.pk)
    if _runs(obj).filter(playbook=playbook, finished_at=None, stopped_at=None).exists():
        raise PlaybookRefused(_("“%(name)s” is at work here already.") % {"name": playbook})
    steps = list(playbook.steps.all())
    if not steps:
        raise PlaybookRefused(_("“%(name)s” has no steps yet.") % {"name": playbook})
    run.assign_to(obj.owner or by)
    run.save()
    run.steps.set([PlaybookRunStep(run=run, owner=_doer(step, obj, by), **_copied(step)) for step in steps], bulk=False)
    for step in run.steps.filter(after=None):
        _begin(step, obj, run.started_at)
    record("playbook.started", contact=contact, company=company, target=_shown(obj), actor=by, title=run.name)
    return run


@transaction.atomic
def stop(run, *, by):
    """Stop a run: what is open of it goes, what is done stays."""
    if not PlaybookRun.objects.filter(pk=run.pk, finished_at=None, stopped_at=None).update(stopped_at=timezone.now()):
        return
    for step in run.steps.filter(task__isnull=False, task__done_at=None).select_related(
        "task__contact", "task__company"
    ):
        delete_task(step.task, by=by)
    record("playbook.stopped", contact=run.contact, company=run.company, actor=by, title=run.name)


def follow_task(event):
    """A task is done, open again or gone: its step is too, and the next ones begin. Twice is once."""
    step = _step_of(event)
    if step is None or event.kind == "task.deleted" and step.task_id:  # the deletion was taken back
        return
    with transaction.atomic():
        run = PlaybookRun.objects.select_for_update(of=["self"]).get(pk=step.run_id)
        if event.kind == "task.reopened":
            run.steps.filter(pk=step.pk).update(done_at=None)
            PlaybookRun.objects.filter(pk=run.pk).update(finished_at=None)
            return
        if not run.steps.filter(pk=step.pk, done_at=None).update(done_at=event.occurred_at) or not run.is_running:
            return
        obj = record_of(run)
        for follower in run.steps.filter(after=step.position, task=None, done_at=None):
            if obj is not None:
                _begin(follower, obj, event.occurred_at)
        if not run.steps.filter(done_at=None).exists():
            PlaybookRun.objects.filter(pk=run.pk).update(finished_at=timezone.now())
            record("playbook.finished", contact=run.contact, company=run.company, target=_shown(obj), title=run.name)


def runs_of(obj):
    """The runs of a record with their steps, newest first."""
    return _runs(obj).prefetch_related("steps__task", "steps__owner").order_by("-started_at")


def record_of(run):
    """The record that a run works on; None when it is gone."""
    if run.target_id:
        target = registry.work_target_of(run.target_type)
        return target and apps.get_model(run.target_type)._base_manager.filter(pk=run.target_id).first()
    return run.contact or run.company


def due_of(step, since, zone):
    """When a step is due: at ten on its day; on the same day in an hour, or at ten when that is later."""
    local = since.astimezone(ZoneInfo(zone))
    day = local.date() + timedelta(days=step.days)
    if step.in_business_days:
        calendar = BusinessCalendar.objects.order_by("pk").first()
        day = add_business_days(calendar.hours(), local.date(), step.days) if calendar else day
    due = datetime.combine(day, AT, ZoneInfo(zone))
    return max(due, local + timedelta(hours=1))


def _begin(step, obj, since):
    contact, company = registry.work_target_of(obj._meta.label_lower).parties(obj)
    zone = step.owner.time_zone if step.owner else Workspace.get().time_zone
    target = obj if "target_id" in _link(obj) else None
    key = f"playbook:{step.pk}"
    task = create_task(
        owner=step.owner, title=step.title, note=step.note, kind=step.kind, type_id=step.type_id, contact=contact,
        company=company, target=target, due_at=due_of(step, since, zone), key=key,
    )  # fmt: skip
    if task:
        PlaybookRunStep.objects.filter(pk=step.pk).update(task=task)


def _link(obj):
    """How a run names its record."""
    if obj._meta.app_label == "contacts":
        return {obj._meta.model_name: obj}
    contact, company = registry.work_target_of(obj._meta.label_lower).parties(obj)
    return {"target_type": obj._meta.label_lower, "target_id": obj.pk, "contact": contact, "company": company}


def _runs(obj):
    link = _link(obj)
    if "target_id" in link:
        return PlaybookRun.objects.filter(target_type=link["target_type"], target_id=obj.pk)
    return PlaybookRun.objects.filter(target_id=None, **link)


def _shown(obj):
    """What the event is about, when that is not the person or company itself."""
    return obj if obj is not None and "target_id" in _link(obj) else None


def _doer(step, obj, by):
    if step.doer == PlaybookStep.Doer.PERSON and step.person and step.person.is_active:
        return step.person
    return by if step.doer == PlaybookStep.Doer.STARTER else obj.owner or by


def _copied(step):
    return {name: getattr(step, name) for name in FIELDS}


def _step_of(event):
    if event.kind == "task.deleted":
        return PlaybookRunStep.objects.filter(pk=event.data.get("step") or 0).first()
    return PlaybookRunStep.objects.filter(task=event.target_id).first()
