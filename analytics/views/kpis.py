"""KPI pages: the answer first, then the picture, then the records."""

from datetime import date, timedelta
from urllib.parse import urlencode

from django.core.exceptions import BadRequest
from django.db.models import F
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from analytics import kpis
from analytics.forms import ScopeForm
from analytics.services import cohorts, facts, lists
from analytics.services.common import Scope
from analytics.services.targets import target_for
from crm import access
from crm.access import may, require
from crm.lists.paging import take
from crm.models import Team, User
from deals.models import Pipeline
from tickets.models import Mailbox

PAGE = 50
COUNTED = 1000
# What is told of a record beside its name.
_TOLD = {
    "contact": ["purchases", "company"],
    "deal": ["contact", "company"],
    "order": ["contact", "company"],
    "ticket": ["requester"],
}
# (path to sort the records by, whether an index made downwards serves it), by the kind of record.
_ORDER = {"contact": ("purchases__revenue_base", False), "order": ("paid_at", False), "ticket": ("created_at", True)}


@require_safe
def index(request):
    require(request.user, "kpi")
    return redirect("analytics:show", kpis.shown_to(request.user)[0].name)


@require_safe
def show(request, name):
    """One KPI over a range, held against the range before, with the records behind it."""
    require(request.user, "kpi")
    kpi = kpi_or_404(name, request.user)
    first, last = _range(request)
    form, scope, asked = _scope(request, kpi)
    figure = kpis.as_json(kpi, first, last, scope)
    if not kpis.sees_money(request.user):
        figure["parts"] = [item for item in figure["parts"] if item["unit"] != "money"]
    part = request.GET.get("part", "")
    context = {
        "kpi": kpi,
        "kpis": kpis.shown_to(request.user),
        "figure": figure,
        "value": {item["name"]: item["value"] for item in figure["parts"]},
        "first": first,
        "last": last - timedelta(days=1),
        "part": part,
        "part_label": next((item["label"] for item in figure["parts"] if item["name"] == part), ""),
        "ranges": _ranges(first, last),
        "cut": _cut(first, last),
        "good": _is_good(kpi, figure["change_percent"]),
        "query": urlencode({"from": first, "to": last, **asked}),
        "asked": asked,
        "scope_form": form,
        "target": target_for(kpi.name, first, last),
        "waiting": facts.pending(),
    }
    context["reached"] = _is_reached(kpi, figure["value"], context["target"])
    context |= _records(request, kpi, first, last, part, scope)
    if kpi.name == "retention":
        context["cohorts"], context["means"] = cohorts.table(last, scope)
        context["places"] = range(1, cohorts.SHOWN)
    return render(request, "analytics/kpi.html", context)


def _records(request, kpi, first, last, part, scope):
    """A page of the records behind the figure. The figure is the company's; of its records the reader sees his own."""
    cell = _cell(request)
    rows = cohorts.people(*cell, scope) if cell else kpi.records(first, last, part, scope)
    kind = rows.model.access_kind
    if not may(request.user, kind):
        return {}
    path, natural_down = _ORDER.get(kind) or (
        "closed_at" if kpi.name == "win_rate" else "created_at",
        kpi.name != "win_rate",
    )
    rows = rows.visible_to(request.user)
    if "__" in path and not kpis.sees_money(request.user):
        path, natural_down = "created_at", True  # the order of hidden sums would tell of them
    rows = rows.select_related(*_TOLD.get(kind, ()))
    found = take(
        rows.annotate(_sort=F(path)) if "__" in path else rows,
        path,
        down=True,
        natural_down=natural_down,
        size=PAGE,
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
        salt=f"kpi:{kpi.name}",
    )
    narrowed = request.user.level(kind, "view") < access.ALL
    alone = not found.before and not found.after
    count = len(found.rows) if alone else rows.order_by().values("pk")[: COUNTED + 1].count()
    return {
        "rows": found.rows,
        "place": found,
        "count": min(count, COUNTED),
        "more": count > COUNTED,
        "narrowed": narrowed,
        "cell": cell,
        "list_url": "" if cell else lists.list_url(kpi.name, part, first, last, scope),
    }


def kpi_or_404(name, user):
    """The KPI, as far as the user may see it."""
    found = next((kpi for kpi in kpis.shown_to(user) if kpi.name == name), None)
    if found is None:
        raise Http404
    return found


def _range(request):
    """The days asked for, [first, last); a year up to today by default."""
    try:
        last = _day(request, "to") or timezone.localdate() + timedelta(days=1)
        first = _day(request, "from") or last - timedelta(days=365)
    except ValueError:
        raise BadRequest(_("A day is written like 2026-11-23.")) from None
    if not date(2000, 1, 1) <= first < last <= date(2100, 1, 1):
        raise BadRequest(_("The first day must be before the last one."))
    return first, last


def _day(request, name):
    text = request.GET.get(name)
    return date.fromisoformat(text) if text else None


def _cell(request):
    """The cohort and the quarter whose people are asked for, or None."""
    try:
        days = _day(request, "joined"), _day(request, "bought")
    except ValueError:
        raise BadRequest(_("A day is written like 2026-11-23.")) from None
    if None in days:
        return None
    if any(day.day != 1 or day.month % 3 != 1 for day in days):
        raise BadRequest(_("A quarter begins in January, April, July or October."))
    return days


def _scope(request, kpi):
    """(form, scope, the parameters that say it); a value that does not exist is refused."""
    choices = {
        "owner": User.objects.filter(is_active=True).order_by("name"),
        "teams": Team.objects.order_by("name"),
        "pipeline": Pipeline.objects.order_by("position", "pk"),
        "mailbox": Mailbox.objects.order_by("name"),
    }
    names = {"teams": "team"}
    offered = {names.get(name, name): rows for name, rows in choices.items() if name in kpi.by}
    form = ScopeForm(request.GET, kpi=kpi, choices=offered)
    if not form.is_valid():
        raise BadRequest(_("This figure cannot be narrowed that way."))
    data = {name: row for name, row in form.cleaned_data.items() if row}
    scope = Scope(
        owner=data["owner"].pk if "owner" in data else None,
        teams=tuple(data["team"].branch_ids()) if "team" in data else None,
        pipeline=data["pipeline"].pk if "pipeline" in data else None,
        mailbox=data["mailbox"].pk if "mailbox" in data else None,
    )
    return form, scope, {name: row.pk for name, row in data.items()}


def _ranges(first, last):
    """(label, first day, day after the last, whether it is the one shown) of the usual ranges."""
    tomorrow = timezone.localdate() + timedelta(days=1)
    usual = [(_("30 days"), 30), (_("90 days"), 90), (_("12 months"), 365)]
    spans = [(label, tomorrow - timedelta(days=days)) for label, days in usual]
    return [(label, start, tomorrow, (start, tomorrow) == (first, last)) for label, start in spans]


def _cut(first, last):
    """The months of which the range holds a part only, as the picture names them."""
    ends = {day for day in (first, last) if day.day > 1}
    return sorted({f"{day:%Y-%m}" for day in ends})


def _is_good(kpi, change):
    if change is None:
        return None
    return (float(change) >= 0) == (kpi.better == "up")


def _is_reached(kpi, value, target):
    if value is None or target is None:
        return None
    return float(value) >= float(target) if kpi.better == "up" else float(value) <= float(target)
