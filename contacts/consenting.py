"""What the ledger of consents registers."""

from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy

from contacts.services.consents import overview
from crm.notify import declare_notification
from crm.registry import SettingsPage, panel, periodic, settings_page

settings_page(
    SettingsPage(
        gettext_lazy("Consents and topics"),
        gettext_lazy("The words people agree to, what letters are about"),
        "contacts:wordings",
        "writing",
        order=35,
    )
)
periodic("contacts.tasks.seal_consents", every=60)
periodic("contacts.tasks.check_consents", every=24 * 3600)

declare_notification("consents.broken", gettext_lazy("A statement in the ledger of consents was altered"), mail=True)


@panel("contact", name="consents", title=gettext_lazy("Consents"), place="left", order=20)
def consents_panel(request, contact):
    context = {"contact": contact, "rows": overview(contact)}
    return render_to_string("contacts/panels/consents.html", context, request)
