"""What the personal mailbox registers: its settings page, sweeps, events, and who may know of a letter."""

from django.utils.translation import gettext_lazy as _

from contacts.models import PersonalLetter, PersonalMailbox
from contacts.services.mailbox import links, retaking, sending, showing  # noqa: F401  heard by the mail queue
from contacts.views import ledger  # noqa: F401  registers its list
from crm.confidential import Confidential, confidential
from crm.events import declare, subscribe
from crm.mail.own import own
from crm.notify import declare_notification
from crm.registry import Command, SettingsPage, command, periodic, settings_page

settings_page(
    SettingsPage(_("My mailbox"), _("Your letters in the timelines of your customers"), "contacts:mailbox", "mailbox", "", order=5)
)  # fmt: skip
command(Command(_("My mailbox"), "contacts:mailbox", "mailbox", words="email imap smtp почта ящик"))
declare_notification("mailbox.trouble", _("Your mailbox needs you"), mail=True)
declare("mail.received", _("{actor} got {target}"), icon="mail", group="email")
declare("mail.sent", _("{actor} sent {target}"), icon="send", group="email")
periodic("contacts.tasks.read_mailboxes", every=15, queue="events")
periodic("contacts.tasks.compare_mailboxes", every=3600, queue="events")
subscribe("contact.created", name="contacts.letters_of_new_people")(retaking.note_contact)
confidential(
    Confidential(
        PersonalLetter._meta.label_lower,
        "contacts/_letter.html",
        PersonalLetter.objects.listed_to,
        showing.found,
        showing.cards,
    )
)


@own
def addresses_of_mailboxes():
    """Those of which it is proved; the addresses of the accounts here count anyway."""
    return PersonalMailbox.objects.filter(proved_at__isnull=False).values_list("address", flat=True)
