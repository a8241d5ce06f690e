"""Data quality of a contact: what is known of what should be, and whether it can be right."""

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from crm.names import DOUBTS, doubt_about

# Weight of each part in percent. A name that cannot be greeted counts half.
WEIGHTS = {
    "name": (20, _("Name")),
    "email": (25, _("Email")),
    "phone": (15, _("Phone")),
    "company": (15, _("Company")),
    "owner": (10, _("Owner")),
    "city": (5, _("City")),
    "language": (5, _("Language")),
    "birthday": (5, _("Birthday")),
}


def quality_of(contact):
    """(percent from 0 to 100, labels of the gaps)."""
    parts = {
        "name": _name_part(contact),
        "email": 1 if contact.email else 0,
        "phone": 1 if contact.phone else 0,
        "company": 1 if contact.company_id else 0,
        "owner": 1 if contact.owner_id else 0,
        "city": 1 if contact.city else 0,
        "language": 1 if contact.language else 0,
        "birthday": 1 if contact.birthday_on else 0,
    }
    percent = round(sum(WEIGHTS[name][0] * share for name, share in parts.items()))
    return percent, [_gap(name, contact) for name, share in parts.items() if share < 1]


def _gap(name, contact):
    """What is missing or doubtful, a name with what is wrong with it."""
    label = WEIGHTS[name][1]
    doubt = doubt_about(contact) if name == "name" else ""
    return format_lazy("{}: {}", label, DOUBTS[doubt]) if doubt else label


def _name_part(contact):
    if not (contact.first_name or contact.last_name):
        return 0
    return 0.5 if doubt_about(contact) else 1


def note_quality(contact):
    """Write the percentage onto the contact."""
    percent, _gaps = quality_of(contact)
    if percent != contact.quality:
        contact.quality = percent
        type(contact).objects.filter(pk=contact.pk).update(quality=percent)
