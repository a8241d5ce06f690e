"""What data quality registers."""

from django.utils.translation import gettext_lazy as _

from contacts.services import merging
from crm.registry import SettingsPage, periodic, settings_page

periodic("contacts.tasks.settle_quality", every=5)
periodic("contacts.tasks.measure_everything", every=24 * 3600)
for _label in ("contactquality", "companyquality"):
    merging.stays(f"contacts.{_label}", _("Measured anew, as the triggers note."))

settings_page(
    SettingsPage(
        _("Data quality"), _("Rules with weights: what is missing, wrong, old or there twice"), "contacts:quality_rules",
        "checks", order=26,
    )
)  # fmt: skip
