"""What personal data registers: rights, the desk, events, jobs, the nightly sweeps."""

from django.utils.translation import gettext_lazy as _

from contacts import seed_privacy
from contacts.models import PrivacyRequest
from contacts.services.privacy import retention, running  # noqa: F401  the latter registers its jobs
from contacts.views import privacy  # noqa: F401  registers the desk
from crm import access
from crm.events import choice, declare
from crm.notify import declare_notification
from crm.registry import NavItem, SettingsPage, nav, periodic, seeder, settings_page

access.register("privacy", _("Personal data"))
nav(NavItem("customers", _("Personal data"), "contacts:privacy", "shield-lock", "privacy", 19))
settings_page(
    SettingsPage(
        _("Retention"), _("How long people, letters and visits are kept"), "contacts:retention", "clock-x", order=36
    )
)
declare_notification("privacy.due", _("A request about personal data is to be answered"), mail=True)
declare_notification("privacy.broken", _("The certificates of erasures were altered"), mail=True)
declare_notification(retention.STOPPED, _("A rule of retention stopped"), mail=True)
seeder("privacy", order=98)(seed_privacy.seed)
periodic("contacts.tasks.keep_privacy", every=3600)
periodic("contacts.tasks.sweep_retention", every=24 * 3600)
periodic("contacts.tasks.check_erasures", every=24 * 3600)


declare(
    "privacy.requested",
    _("Asked about personal data: {what}"),
    icon="shield-lock",
    reads={"what": choice(PrivacyRequest.Kind.choices, "what")},
)
declare("privacy.copy_started", _("{actor} packs a copy of all data"), icon="file-zip")
declare("privacy.copied", _("{actor} packed a copy of all data"), icon="file-zip")
declare("privacy.fetched", _("{actor} fetched the copy of all data"), icon="download")
# The reasons speak of lawsuits and claims: they are for those who see to personal data.
reasons = {"why": "privacy"}
declare("privacy.refused", _("{actor} refused a request about personal data: {why}"), icon="shield-x", guarded=reasons)
declare("privacy.held", _("{actor} laid a legal hold on this person: {why}"), icon="lock", guarded=reasons)
declare("privacy.hold_lifted", _("{actor} lifted the legal hold"), icon="lock-open")
