"""Targets of a KPI: who may change figures' targets sets them; everybody who sees figures sees who did."""

from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from analytics import kpis
from analytics.forms import TargetForm
from analytics.models import KpiTarget
from analytics.views.kpis import kpi_or_404
from crm import audit, htmx
from crm.access import may, require
from crm.models import User


def index(request, name):
    """The targets of a KPI; a post sets one."""
    require(request.user, "kpi")
    kpi = kpi_or_404(name, request.user)
    form = TargetForm(request.POST or None, kpi=kpi)
    if request.method == "POST":
        require(request.user, "kpi", "edit")
        if form.is_valid() and form.save(request.user):
            return htmx.redirect(request, reverse("analytics:targets", args=[kpi.name]), _("The target is set."))
    rows = KpiTarget.objects.filter(kpi=kpi.name).select_related("set_by")
    context = {
        "kpi": kpi,
        "kpis": kpis.shown_to(request.user),
        "form": form,
        "rows": [(row, _earlier(row)) for row in rows],
        "can_edit": may(request.user, "kpi", "edit"),
    }
    return render(request, "analytics/targets.html", context, status=422 if form.errors else 200)


@require_POST
def destroy(request, pk):
    require(request.user, "kpi", "edit")
    target = get_object_or_404(KpiTarget, pk=pk)
    kpi_or_404(target.kpi, request.user)
    url = reverse("analytics:targets", args=[target.kpi])
    target.delete()
    return htmx.redirect(request, url, _("The target is gone."))


def _earlier(target):
    """(when, who, value before) of each change of a target, newest first."""
    changes = [change for change in audit.changes_of(target, limit=5) if change.field == "value"]
    names = User.objects.in_bulk([change.who for change in changes if change.who])
    return [(change.at, names.get(change.who), change.before) for change in changes]
