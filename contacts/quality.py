"""What data quality registers."""

from django.utils.translation import gettext_lazy as _

from contacts import bench_quality, seed_quality
from contacts.services import merging
from contacts.services.quality.sources import KIND as SOURCE
from contacts.services.quality.stale import KIND as STALE
from contacts.services.quality.verifying import verify
from crm import lists
from crm.lists import BulkAct
from crm.notify import declare_notification
from crm.registry import Command, NavItem, SettingsPage, benchmark, command, nav, periodic, seeder, settings_page

periodic("contacts.tasks.settle_quality", every=5)
periodic("contacts.tasks.measure_everything", every=24 * 3600)
periodic("contacts.tasks.count_quality", every=900)
periodic("contacts.tasks.remind_of_stale", every=1800)
benchmark("data quality", order=33)(bench_quality.measure_rows)
seeder("spoilt data", order=15)(seed_quality.spoil)
seeder("data quality", order=95)(seed_quality.seed)
declare_notification(SOURCE, _("A source brings bad data"), mail=True)
declare_notification(STALE, _("Once a week: records of yours that nobody has looked through for long"), mail=True)
nav(NavItem("customers", _("Data quality"), "contacts:quality", "checks", "contact", 14))
command(Command(_("Data quality"), "contacts:quality", "checks", "contact"))
for _label in ("contactquality", "companyquality"):
    merging.stays(f"contacts.{_label}", _("Measured anew, as the triggers note."))

settings_page(
    SettingsPage(
        _("Data quality"), _("Rules with weights: what is missing, wrong, old or there twice"), "contacts:quality_rules",
        "checks", order=26,
    )
)  # fmt: skip


def verify_rows(page, rows, data, by):
    """Stamp each of the chosen records as still right."""
    for row in rows:
        verify(row, by=by)


for _list in ("contacts", "companies"):
    lists.bulk(_list, BulkAct("verify", _("Still right"), "checks", verify_rows))
