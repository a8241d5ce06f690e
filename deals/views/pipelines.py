"""Pipelines, stages and loss reasons: for those who may change settings."""

from django.contrib import messages
from django.db.models import ProtectedError
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from crm import htmx
from crm.access import require
from deals.forms import PipelineForm, StageForm
from deals.models import LossReason, Pipeline, Stage


def index(request):
    """All pipelines with their stages; the form makes a new one."""
    require(request.user, "settings", "edit")
    form = PipelineForm(request.POST or None, initial={"is_active": True, "position": Pipeline.objects.count()})
    if request.method == "POST" and form.is_valid():
        pipeline = form.save()
        _closing_stages(pipeline)
        return htmx.redirect(request, reverse("deals:pipelines"), _("The pipeline is there. Add its stages."))
    context = {
        "pipelines": Pipeline.objects.prefetch_related("stages"),
        "reasons": LossReason.objects.all(),
        "form": form,
    }
    return render(request, "deals/pipeline_list.html", context, status=422 if form.errors else 200)


def edit(request, pk):
    require(request.user, "settings", "edit")
    pipeline = get_object_or_404(Pipeline, pk=pk)
    form = PipelineForm(request.POST or None, instance=pipeline)
    return _form(request, form, pipeline.name, delete_url=reverse("deals:pipeline_delete", args=[pk]))


def stage_new(request, pk):
    require(request.user, "settings", "edit")
    pipeline = get_object_or_404(Pipeline, pk=pk)
    form = StageForm(request.POST or None, instance=Stage(pipeline=pipeline, position=pipeline.stages.count()))
    return _form(request, form, _("New stage of “%(pipeline)s”") % {"pipeline": pipeline})


def stage_edit(request, pk):
    require(request.user, "settings", "edit")
    stage = get_object_or_404(Stage, pk=pk)
    form = StageForm(request.POST or None, instance=stage)
    return _form(request, form, str(stage), delete_url=reverse("deals:stage_delete", args=[pk]))


@require_POST
def stage_destroy(request, pk):
    require(request.user, "settings", "edit")
    return _delete(request, get_object_or_404(Stage, pk=pk))


@require_POST
def destroy(request, pk):
    require(request.user, "settings", "edit")
    return _delete(request, get_object_or_404(Pipeline, pk=pk))


@require_POST
def reason_create(request):
    """Add a loss reason, or take the one named `off` out of use."""
    require(request.user, "settings", "edit")
    name, off = request.POST.get("name", "").strip()[:100], request.POST.get("off", "")
    if off.isdecimal():
        reason = get_object_or_404(LossReason, pk=int(off))
        reason.is_active = not reason.is_active
        reason.save(update_fields=["is_active"])
    elif name:
        LossReason.objects.get_or_create(name=name, defaults={"position": LossReason.objects.count()})
    return htmx.redirect(request, reverse("deals:pipelines"), _("Saved."))


def _closing_stages(pipeline):
    kind = Stage.Kind
    for position, (name, of_kind, chance) in enumerate(
        [(_("New"), kind.OPEN, 10), (_("Won"), kind.WON, 100), (_("Lost"), kind.LOST, 0)]
    ):
        pipeline.stages.create(name=name, kind=of_kind, probability=chance, position=position * 10)


def _delete(request, row):
    try:
        row.delete()
    except ProtectedError:
        messages.error(request, _("Deals stand or stood here. Take it out of use instead, or move them first."))
        return htmx.redirect(request, reverse("deals:pipelines"))
    return htmx.redirect(request, reverse("deals:pipelines"), _("Deleted."))


def _form(request, form, title, *, delete_url=""):
    if request.method == "POST" and form.is_valid():
        form.save()
        return htmx.redirect(request, reverse("deals:pipelines"), _("Saved."))
    context = {"form": form, "title": title, "delete_url": delete_url}
    return render(request, "deals/settings_form.html", context, status=422 if form.errors else 200)
