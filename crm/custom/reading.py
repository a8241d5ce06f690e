"""Custom fields where text is made of them: letters, and what the search finds."""

from django.db.models import Q, Value
from django.db.models.functions import Upper
from django.db.models.lookups import StartsWith

from crm.custom import definitions, sql, values
from crm.models import CustomField
from crm.sight import reader

Kind = CustomField.Kind
SHORTEST = 3


def letter_text(subject, record, key):
    """The value of a field for a letter, in the active language; "" when there is none.

    A field that not everybody may see goes into no letter: whoever writes one need not be among those who may. One
    that is hidden from whoever looks at the letter stays empty for him.
    """
    field = definitions.field_named(subject, key, reader())
    if field is None or field.kind == Kind.FILE or field.is_for_some:
        return ""
    return values.text(field, values.held(field, record))


def told(record, user):
    """All that stands in the custom fields of a record and that the user may see, in one line."""
    subject = definitions.target_for(record).subject
    held = [(field, values.held(field, record)) for field in definitions.fields_of(subject, user)]
    held = [(field, value) for field, value in held if value is not None]
    names = values.names_of(held, user)
    return ", ".join(f"{field.label}: {values.text(field, value, names)}" for field, value in held)


def search_condition(subject, text, user):
    """A filter for records of which a searchable field begins with what was typed; None when there is none.

    Only fields whose index is there: a search must never read a whole table.
    """
    typed, found = text.strip().upper(), Q()
    if len(typed) < SHORTEST:
        return None
    for field in definitions.fields_of(subject, user):
        if field.is_searchable and field.index_state == CustomField.Index.READY:
            found |= Q(StartsWith(Upper(sql.stored(field)), Value(typed)))
    return found or None
