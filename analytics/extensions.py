"""What analytics registers."""

from django.utils.translation import gettext_lazy as _

from crm import access
from crm.registry import Command, NavItem, command, nav, periodic

access.register("kpi", _("Figures"))
nav(NavItem("insight", _("KPIs"), "analytics:index", "chart-line", "kpi", 70, shortcut="k"))
command(Command(_("KPIs"), "analytics:index", "chart-line", "kpi"))
periodic("analytics.tasks.fit_purchases", every=24 * 3600, queue="models")
