"""Segments: the condition as a sentence, with its count and a sample at once."""

from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from campaigns.forms import SegmentForm
from campaigns.models import Segment
from campaigns.services import segments
from crm import conditions, htmx, jobs
from crm.access import fetch, require
from crm.conditions.widgets import dump


def index(request):
    require(request.user, "segment")
    rows = Segment.objects.visible_to(request.user).select_related("owner").order_by("name")
    context = {"rows": [(row, _sentence(row.tree)) for row in rows[:200]]}
    return render(request, "campaigns/segment_list.html", context)


def new(request):
    require(request.user, "segment", "edit")
    return _editor(request, Segment())


def show(request, pk):
    return _editor(request, fetch(Segment.objects.all(), request.user, pk))


@require_POST
def save(request, pk=None):
    """Keep name and condition, and count everybody anew as a job."""
    require(request.user, "segment", "edit")
    segment = fetch(Segment.objects.all(), request.user, pk, edit=True) if pk else Segment()
    if not pk:
        segment.assign_to(request.user)
    form = SegmentForm(request.POST, instance=segment, user=request.user)
    if not form.is_valid():
        return _editor(request, segment, form, status=422)
    segment = form.save()
    jobs.start("campaigns.rebuild", by=request.user, params={"segment": segment.pk}, subject=segment.name)
    return htmx.redirect(request, segment.get_absolute_url(), _("Saved. Everybody is being counted."))


@require_POST
def destroy(request, pk):
    segment = fetch(Segment.objects.all(), request.user, pk, delete=True)
    if segment.sequences.exists():
        return htmx.redirect(
            request, segment.get_absolute_url(), _("A sequence uses this segment. Give it another one first.")
        )
    segment.delete()
    return htmx.redirect(request, reverse("campaigns:segments"), _("The segment is gone."))


def people(request):
    """How many fit a condition right now, and ten of them: loaded after the page, for it asks everybody."""
    require(request.user, "segment")
    try:
        tree = conditions.parse_text(request.GET.get("f", ""), "contact", user=request.user)
    except conditions.ConditionError as error:
        return render(request, "campaigns/_segment_people.html", {"error": error.message}, status=422)
    context = {"f": request.GET.get("f", "")}
    if not conditions.is_empty(tree):
        context["count"], context["sample"] = segments.preview(tree, request.user)
    return render(request, "campaigns/_segment_people.html", context)


def _editor(request, segment, form=None, status=200):
    """The page: the draft condition from the address, else the kept one with the people it held when last counted."""
    draft = request.POST.get("f") if request.method == "POST" else request.GET.get("f")
    raw = draft or (dump(segment.tree) if segment.tree else "")
    context = {
        "segment": segment,
        "form": form,
        "f": raw,
        "name": request.POST.get("name") or request.GET.get("name") or segment.name,
    }
    try:
        tree = conditions.parse_text(raw, "contact", user=request.user)
    except conditions.ConditionError as error:
        context["error"] = error.message
        return render(request, "campaigns/segment.html", context, status=422)
    if not conditions.is_empty(tree):
        context["sentence"] = conditions.sentence(tree, "contact", user=request.user)
        context |= _counted(request, segment, tree, kept=not draft or tree == segment.tree)
    context["can_edit"] = not segment.pk or segment.can_edit
    if segment.pk:
        context["sequences"] = segment.sequences.visible_to(request.user)
    return render(request, "campaigns/segment.html", context, status=status)


def _counted(request, segment, tree, kept):
    """The number of people and ten of them: as kept, at once when asked for, else loaded after the page."""
    if request.GET.get("count"):
        count, sample = segments.preview(tree, request.user)
        return {"count": count, "sample": sample}
    if kept and segment.built_at:
        return {
            "count": segment.size,
            "counted_at": segment.built_at,
            "sample": segments.members(segment, request.user),
        }
    return {"lazy": True}


def _sentence(tree):
    try:
        return conditions.sentence(conditions.parse(tree, "contact"), "contact")
    except (conditions.ConditionError, LookupError):
        return _("This condition can no longer be read.")
