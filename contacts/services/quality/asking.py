"""Ask the person: a letter to the client about what is missing, begun in the composer and sent by whoever reads it once more."""

from django.utils.translation import gettext as _
from django.utils.translation import override

from contacts.models import QualityRule
from contacts.services.letters import refusal
from contacts.services.quality.words import field_label
from crm import notes
from crm.models import Workspace
from crm.names import greeting_name

# What a client can be asked for. An owner, a language, a source are ours to know.
ASKED = ("phone", "company", "job_title", "city", "street", "postcode", "birthday_on")


class AskRefused(Exception):
    """The letter cannot be begun; the message says why."""


def missing(contact, measured):
    """The fields to ask the person for, in order; none where no letter may go."""
    rules = QualityRule.objects.filter(pk__in=measured.gaps, test="filled", field__in=ASKED) if measured else []
    names = {rule.field for rule in rules}
    return [name for name in ASKED if name in names] if names and not refusal(contact) else []


def begin_letter(contact, measured, *, by):
    """Put the letter into the composer of the person's page, in the person's language. Raises AskRefused."""
    names = missing(contact, measured)
    if not names:
        raise AskRefused(refusal(contact) or _("Nothing is missing that one could ask for."))
    if notes.draft_of(contact, by):
        raise AskRefused(_("You were writing something here already. Send it or empty it first."))
    with override("ru" if contact.language == "ru" else "en"):
        name = greeting_name(contact, contact.language)
        lines = [
            _("Hello, %(name)s!") % {"name": name} if name else _("Hello!"),
            "",
            _("So that we reach you well and send things to the right place, please tell us:"),
            *(f"– {field_label('contact', name)}" for name in names),
            "",
            _("A short answer to this letter is enough. Thank you!"),
        ]
        subject = _("Your details at %(company)s") % {"company": Workspace.get().name}
    notes.keep_draft(contact, by, {"kind": "email", "subject": subject, "text": "\n".join(lines)}, version=0)
