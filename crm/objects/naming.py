"""What a record is called, and by what it is told from others of its kind."""

import re

from django.utils import timezone
from django.utils.translation import gettext as _

from crm.custom import definitions, values
from crm.field_access import HIDDEN
from crm.models import Role
from crm.text import sort_key

SLOT = re.compile(r"\{([a-z0-9_]+)\}")
OWN = ("n", "year")  # what a pattern knows besides the keys of own fields
LONGEST = 200
# What can be compared from record to record: one plain value that is stored as text.
COMPARED = ("text", "link", "number", "date")


def wrong_pattern(pattern, subject):
    """Why a pattern cannot name records of a subject, as a sentence; "" when it can."""
    fields = {field.key: field for field in definitions.all_fields(subject)}
    if unknown := [name for name in SLOT.findall(pattern) if name not in fields and name not in OWN]:
        return _("There is no field “%(name)s”. Write {n}, {year} or the key of an own field.") % {"name": unknown[0]}
    if limited := [fields[name] for name in SLOT.findall(pattern) if name in fields and _is_for_some(fields[name])]:
        text = _("“%(field)s” is not for everybody to see, but everybody sees the title. Choose another field.")
        return text % {"field": limited[0].label}
    if not SLOT.search(pattern):
        return _("A pattern without {n} or a field would give all records the same name.")
    return "" if "{" not in SLOT.sub("", pattern) else _("A brace is not closed.")


def _is_for_some(field):
    names = {f.name for f in (field, *field.computed_of)}
    hidden = [role.fields[field.subject] for role in Role.objects.filter(fields__has_key=field.subject)]
    return field.is_for_some or any(levels.get(name) == HIDDEN for levels in hidden for name in names)


def name_of(record):
    """The title as it was typed, or what the pattern of the kind makes of number and fields."""
    kind = record.definition
    if not kind.pattern:
        return record.title
    fields = {field.key: field for field in definitions.all_fields(kind.subject)}

    def said(slot):
        if slot[1] == "n":
            return str(record.number)
        if slot[1] == "year":
            return str(timezone.localtime(record.created_at).year)
        field = fields.get(slot[1])
        return values.text(field, values.held(field, record)) if field else ""

    return " ".join(SLOT.sub(said, kind.pattern).split())[:LONGEST] or str(record.number)


def unique_of(record):
    """What no other record of the kind may have, in its normal form; None where anything may come twice."""
    return unique_value(record.definition, record.title, record.custom)


def unique_value(kind, title, custom):
    if not kind.unique_by:
        return None
    return sort_key(title if kind.unique_by == "title" else str(custom.get(kind.unique_by) or "")) or None
