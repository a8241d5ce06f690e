"""The board."""

from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from django.views.decorators.vary import vary_on_headers

from crm import conditions, htmx
from crm.access import fetch, may, require
from crm.conditions import widgets
from crm.models import Workspace
from deals.models import Deal, Stage
from deals.services import board
from deals.services.setup import create_standard_pipeline


@vary_on_headers("HX-Request")
def show(request):
    """All lanes of one pipeline; htmx gets the board alone."""
    require(request.user, "deal")
    context = _context(request)
    if context["pipeline"] is None:
        return render(request, "deals/board_first.html", {"may_set_up": may(request.user, "settings", "edit")})
    context["lanes"] = board.lanes_of(context["stages"], context["rows"], request.user)
    _sum_up(context)
    return render(request, "deals/_board.html" if request.htmx else "deals/board.html", context)


def heads(request):
    """Figures of all lanes, put in place out of band after a move."""
    require(request.user, "deal")
    context = _context(request)
    if context["pipeline"] is None:
        return HttpResponse()
    context["lanes"] = board.lanes_of(context["stages"], context["rows"], request.user, cards=False)
    _sum_up(context)
    return render(request, "deals/_lane_heads.html", context)


def cards(request, stage_pk):
    """The next cards of one lane."""
    require(request.user, "deal")
    context = _context(request)
    stage = next((s for s in context["stages"] if s.pk == stage_pk), None)
    if stage is None:
        return HttpResponse(status=404)
    offset = request.GET.get("offset", "")
    offset = int(offset) if offset.isdecimal() and len(offset) < 9 else 0
    context["lane"] = board.cards_of(context["rows"], stage, request.user, offset)
    return render(request, "deals/_cards.html", context)


@require_POST
def set_up(request):
    """Make the standard pipeline for a company that has none."""
    require(request.user, "settings", "edit")
    create_standard_pipeline()
    return htmx.redirect(
        request, reverse("deals:index"), _("The pipeline is there. Change its stages in the settings.")
    )


def card(request, pk):
    """One card as it stands now."""
    deal = fetch(Deal.objects.for_card(), request.user, pk)
    return render(request, "deals/_card.html", {"deal": deal, "stages": stages_of(deal.pipeline_id)})


def stages_of(pipeline_id):
    """All stages of a pipeline, in order."""
    return list(Stage.objects.filter(pipeline=pipeline_id).select_related("pipeline").order_by("position", "pk"))


def _context(request):
    """Pipeline, its stages, the filter and the deals it leaves."""
    all_stages = Stage.objects.filter(pipeline__is_active=True).select_related("pipeline")
    all_stages = list(all_stages.order_by("pipeline__position", "pipeline__pk", "position", "pk"))
    pipelines = list(dict.fromkeys(stage.pipeline for stage in all_stages))
    wanted = request.GET.get("pipeline", "")
    pipeline = next((p for p in pipelines if str(p.pk) == wanted), pipelines[0] if pipelines else None)
    context = {"pipelines": pipelines, "pipeline": pipeline, "stages": []}
    if pipeline is None:
        return context
    workspace = Workspace.get()
    context |= _filter_of(request)
    context |= {
        "stages": [stage for stage in all_stages if stage.pipeline_id == pipeline.pk],
        "rows": context["matching"](Deal.objects.visible_to(request.user).open().filter(pipeline=pipeline)),
        # Under the name that the page's frame uses, so that it is read once.
        "workspace": workspace,
        "base_currency": workspace.currency,
        "may_create": may(request.user, "deal", "edit"),
    }
    return context


def _filter_of(request):
    """What the address asks for: owner and conditions; `matching(rows)` cuts rows down to it."""
    tree, problem = _tree(request)
    mine, user = request.GET.get("who") == "me", request.user
    own = request.GET.copy()
    own.pop("f", None)
    back = f"{request.path}?{own.urlencode()}" if own else request.path

    def matching(rows):
        rows = rows.filter(owner=user) if mine else rows
        return conditions.matching(rows, tree, "deal", user=user) if tree else rows

    def edit(index):
        query = {"f": widgets.dump(tree or {}), "i": index, "back": back}
        return reverse("conditions_token", args=["deal"]) + "?" + urlencode(query)

    def without(tree):
        kept = own.copy()
        if not conditions.is_empty(tree):
            kept["f"] = widgets.dump(tree)
        return f"{request.path}?{kept.urlencode()}"

    found = widgets.tokens(tree, "deal", user=user) if tree else []
    return {
        "matching": matching,
        "mine": mine,
        "filter_problem": problem,
        "bar": [{"token": t, "drop": without(t.without), "edit": edit(t.index)} for t in found],
        "add_url": edit("new"),
        "clear_url": back,
        "query": request.GET.urlencode(),
        "f_query": urlencode({"f": request.GET["f"]}) if tree else "",
    }


def _tree(request):
    """(condition tree or None, sentence about what is wrong with it or "")."""
    text = request.GET.get("f", "")
    if not text:
        return None, ""
    try:
        tree = conditions.parse_text(text, "deal", user=request.user)
    except conditions.ConditionError as error:
        return None, str(error)
    return (None if conditions.is_empty(tree) else tree), ""


def _sum_up(context):
    lanes = context["lanes"]
    context["open_total"] = board.sum_of(lanes, "total")
    context["open_weighted"] = board.sum_of(lanes, "weighted")
    context["open_count"] = sum(lane.count for lane in lanes)
