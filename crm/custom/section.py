"""The custom fields of a record as its page shows them."""

from django.urls import reverse

from crm.custom import definitions, values, writing
from crm.models import CustomField


def context(record, user):
    """What `crm/custom/_section.html` needs. A constant number of queries, whatever the number of fields."""
    target = definitions.target_for(record)
    fields = definitions.fields_of(target.subject, user)
    state = writing.State(target.subject, record, record.custom, user=user)
    held = {field: values.held(field, record) for field in fields if state.shows(field)}
    names = values.names_of(list(held.items()), user)
    rows = {field: _row(target.subject, record, field, stored, state, names) for field, stored in held.items()}
    return {
        "subject": target.subject,
        "record": record,
        "sections": [(head, [rows[f] for f in found]) for head, found in definitions.sections_of(held)],
        "section_url": reverse("custom_section", args=[target.subject, record.pk]),
    }


def _row(subject, record, field, stored, state, names):
    may_edit = bool(getattr(record, "can_edit", False)) and field.editable_by(state.user)
    is_locked = may_edit and state.locks(field)
    return {
        "field": field,
        "html": None if stored is None else values.html(field, stored, names),
        "url": "" if stored is None else values.url(field, stored, names),
        "is_outside": field.kind == CustomField.Kind.LINK,
        "is_long": field.kind == CustomField.Kind.LONG,
        "is_wanted": stored is None and state.demands(field),
        "is_locked": is_locked,
        "edit_url": reverse("custom_field", args=[subject, record.pk, field.key]) if may_edit and not is_locked else "",
    }
