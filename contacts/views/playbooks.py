"""Playbooks: the templates in the settings, and their runs on a record."""

from django.contrib import messages
from django.db import transaction
from django.db.models import Count, F, Max
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from contacts.forms_playbooks import ActivityTypeForm, PlaybookForm, PlaybookStepForm
from contacts.models import ActivityType, Playbook, PlaybookRun, PlaybookStep
from contacts.services import playbooks
from contacts.views.work import record_named
from crm import htmx
from crm.access import fetch, require


def types(request):
    """Types of activities of one's own."""
    require(request.user, "settings", "edit")
    return render(request, "contacts/type_list.html", {"rows": ActivityType.objects.all()})


def type_edit(request, pk=None):
    require(request.user, "settings", "edit")
    row = get_object_or_404(ActivityType, pk=pk) if pk else ActivityType()
    parent = (_("Activity types"), reverse("contacts:types"))
    title = str(row) if pk else _("New activity type")
    return _form(request, ActivityTypeForm(request.POST or None, instance=row), title, parent, can_delete=bool(pk))


def index(request):
    """All playbooks with how often they ran."""
    require(request.user, "settings", "edit")
    rows = Playbook.objects.annotate(n=Count("steps", distinct=True), running=Count("runs", distinct=True))
    return render(request, "contacts/playbook_list.html", {"rows": rows})


def edit(request, pk=None):
    """A playbook with its steps."""
    require(request.user, "settings", "edit")
    row = get_object_or_404(Playbook, pk=pk) if pk else Playbook()
    form = PlaybookForm(request.POST or None, instance=row)
    if request.method == "POST" and form.is_valid():
        form.save()
        return htmx.redirect(request, reverse("contacts:playbook_edit", args=[row.pk]), _("Saved."))
    context = {"form": form, "playbook": row, "steps": row.steps.select_related("type", "person") if pk else []}
    return render(request, "contacts/playbook.html", context, status=422 if form.errors else 200)


def step(request, pk, step_pk=None):
    """A step of a playbook, a new one at the end."""
    require(request.user, "settings", "edit")
    playbook = get_object_or_404(Playbook, pk=pk)
    last = playbook.steps.aggregate(last=Max("position"))["last"] or 0
    row = PlaybookStep(playbook=playbook, position=last + 1)
    if step_pk:
        row = get_object_or_404(playbook.steps.select_related("type"), pk=step_pk)
    parent = (str(playbook), reverse("contacts:playbook_edit", args=[pk]))
    if request.method == "POST" and "delete" in request.POST and step_pk:
        _remove(row)
        return htmx.redirect(request, parent[1], _("Removed."))
    title = f"{row.position}. {row.title}" if step_pk else _("New step")
    return _form(request, PlaybookStepForm(request.POST or None, instance=row), title, parent, can_delete=bool(step_pk))


@require_POST
def start(request, kind, pk):
    """Put a playbook to work on a record."""
    require(request.user, "task", "edit")
    record = record_named(request.user, kind, pk, edit=True)
    playbook = get_object_or_404(Playbook, pk=request.POST.get("playbook") or 0, is_active=True)
    try:
        playbooks.start(playbook, record, by=request.user)
    except playbooks.PlaybookRefused as refusal:
        messages.error(request, str(refusal))
        return htmx.redirect(request, record.get_absolute_url())
    return htmx.redirect(request, record.get_absolute_url(), _("“%(name)s” is at work.") % {"name": playbook})


@require_POST
def stop(request, pk):
    """Stop a run; its open tasks go."""
    run = fetch(PlaybookRun.objects.all(), request.user, pk, edit=True)
    playbooks.stop(run, by=request.user)
    record = playbooks.record_of(run)
    url = record.get_absolute_url() if record else reverse("today")
    return htmx.redirect(request, url, _("“%(name)s” is stopped.") % {"name": run})


def _form(request, form, title, parent, *, can_delete=False):
    if request.method == "POST" and "delete" in request.POST and can_delete:
        form.instance.delete()
        return htmx.redirect(request, parent[1], _("Removed."))
    if request.method == "POST" and form.is_valid():
        form.save()
        return htmx.redirect(request, parent[1], _("Saved."))
    context = {"form": form, "title": title, "parent": parent, "can_delete": can_delete}
    return render(request, "crm/settings_form.html", context, status=422 if form.errors else 200)


@transaction.atomic
def _remove(step):
    """Take a step out; those that followed it follow what it followed, and the numbers close up."""
    steps = step.playbook.steps
    steps.filter(after=step.position).update(after=step.after)
    step.delete()
    for row in steps.filter(position__gt=step.position).order_by("position"):
        steps.filter(pk=row.pk).update(position=F("position") - 1)
    steps.filter(after__gt=step.position).update(after=F("after") - 1)
