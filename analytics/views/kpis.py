"""KPI pages: the answer first, then the picture, then the records."""

from datetime import date, timedelta

from django.core.exceptions import BadRequest
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from analytics import kpis
from crm.access import may, require

PAGE = 50


def index(request):
    require(request.user, "kpi")
    return redirect("analytics:show", kpis.KPIS[0].name)


def show(request, name):
    """One KPI over a range, held against the range before, with the records behind it."""
    kpi, first, last = _asked(request, name)
    part = request.GET.get("part", "")
    figure = kpis.as_json(kpi, first, last)
    context = {
        "kpi": kpi,
        "kpis": kpis.KPIS,
        "figure": figure,
        "first": first,
        "last": last - timedelta(days=1),
        "part": part,
        "ranges": _ranges(),
        "good": _is_good(kpi, figure["change_percent"]),
        "query": f"from={first}&to={last}",
    }
    # Figures are of the whole company; the records behind them only those the reader may see.
    if may(request.user, kpi.kind):
        rows = kpi.records(first, last, part).visible_to(request.user)
        context["rows"] = rows.order_by("-pk")[:PAGE]
    return render(request, "analytics/kpi.html", context)


def _asked(request, name):
    require(request.user, "kpi")
    try:
        kpi = kpis.kpi_named(name)
    except KeyError:
        raise Http404
    today = timezone.localdate()
    try:
        last = date.fromisoformat(request.GET["to"]) if request.GET.get("to") else today + timedelta(days=1)
        first = date.fromisoformat(request.GET["from"]) if request.GET.get("from") else last - timedelta(days=365)
    except ValueError:
        raise BadRequest(_("A day is written like 2026-11-23."))
    if not date(2000, 1, 1) <= first < last <= date(2100, 1, 1):
        raise BadRequest(_("The first day must be before the last one."))
    return kpi, first, last


def _ranges():
    """(label, first day, day after the last) of the usual ranges."""
    tomorrow = timezone.localdate() + timedelta(days=1)
    return [
        (_("30 days"), tomorrow - timedelta(days=30), tomorrow),
        (_("90 days"), tomorrow - timedelta(days=90), tomorrow),
        (_("12 months"), tomorrow - timedelta(days=365), tomorrow),
    ]


def _is_good(kpi, change):
    if change is None:
        return None
    return (float(change) >= 0) == (kpi.better == "up")
