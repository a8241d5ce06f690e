"""Figures at the side of the Today page, for those who steer by them."""

from datetime import timedelta

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from analytics import kpis
from crm import access
from crm.models import Workspace
from crm.registry import panel

DAYS = 90


@panel("today", name="figures", title=_("The company in 90 days"), order=16, kind="kpi")
def figures(request):
    """Every figure over the last 90 days, each leading to its page. For those who see all of the company's deals."""
    if request.user.level("deal", "view") < access.ALL:
        return ""
    last = timezone.localdate() + timedelta(days=1)
    first = last - timedelta(days=DAYS)
    rows = [(kpi, kpi.compute(first, last, picture=False).value) for kpi in kpis.shown_to(request.user)]
    context = {"rows": rows, "first": first, "last": last, "base_currency": Workspace.get().currency}
    return render_to_string("analytics/panels/today_figures.html", context, request)
