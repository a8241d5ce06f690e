"""Filling a template in for a person or a company."""

import re

from django.utils.translation import gettext as _
from django.utils.translation import override

from contacts.models import Contact
from crm.names import greeting_name, usable_name

HOLES = ("greeting", "first_name", "last_name", "company", "my_name")
_HOLE = re.compile(rf"\{{({'|'.join(HOLES)})(?:\|([^{{}}]*))?\}}")
_ANY_HOLE = re.compile(r"\{[^{}\n]{1,60}\}")


def fill(template, record, user):
    """(subject, text). What is not known takes the words behind the bar, {company|your company}, or nothing; a name that
    cannot be used is left out of the greeting."""
    is_person = isinstance(record, Contact)
    name = greeting_name(record, template.language) if is_person else ""
    with override(template.language):
        greeting = _("Hello %(name)s,") % {"name": name} if name else _("Hello,")
    known = {
        "greeting": greeting,
        "first_name": name,
        "last_name": usable_name(record.last_name) if is_person and name else "",
        "company": str(record.company or "") if is_person else str(record),
        "my_name": user.name,
    }

    def filled(text):
        return _HOLE.sub(lambda found: known[found[1]] or found[2] or "", text)

    return filled(template.subject), filled(template.text)


def unknown_holes(text):
    """What looks like a hole and is none."""
    return [found[0] for found in _ANY_HOLE.finditer(text) if not _HOLE.fullmatch(found[0])]
