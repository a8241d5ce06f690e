"""What analytics registers."""

from django.utils.translation import gettext_lazy as _

from analytics import seed, today  # noqa: F401  registered by being imported
from analytics.services import privacy  # noqa: F401  says that figures hold nobody
from contacts.services import merging
from crm import access
from crm.notify import declare_notification
from crm.registry import Command, NavItem, command, nav, periodic, seeder

access.register("kpi", _("Figures"))
nav(NavItem("insight", _("KPIs"), "analytics:index", "chart-line", "kpi", 70, shortcut="k"))
command(Command(_("KPIs"), "analytics:index", "chart-line", "kpi"))
declare_notification("facts.differ", _("The nightly check found a wrong figure"), mail=True)
seeder("figures", order=90)(seed.seed)
periodic("analytics.tasks.settle_facts", every=5)
periodic("analytics.tasks.check_facts", every=24 * 3600, queue="models")
periodic("analytics.tasks.fit_purchases", every=24 * 3600, queue="models")
merging.stays("analytics.orderfact", "Counted anew from the orders, which the triggers note.")
