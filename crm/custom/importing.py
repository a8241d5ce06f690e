"""Custom fields as targets of an import."""

from collections.abc import Callable
from dataclasses import dataclass

from crm.custom import definitions, values
from crm.models import CustomField


@dataclass(frozen=True)
class ImportTarget:
    """`parse(text)` gives what is stored for a cell, None for an empty one, and raises ValueError with a sentence.

    The parsed values of a row, {key: stored}, go through `custom.new_values` or `custom.check`, so that rules hold.
    """

    key: str
    name: str
    label: str
    is_required: bool
    parse: Callable


def import_targets(subject, user=None):
    """The fields that the user may fill from a file; without a user those that are for everybody.

    Records and colleagues are looked up by name, email or number.
    """
    return [
        ImportTarget(field.key, field.name, field.label, field.is_required, _parser(field, user))
        for field in definitions.fields_of(subject, user)
        if field.kind != CustomField.Kind.FILE and field.editable_by(user) and (user or not field.is_limited)
    ]


def _parser(field, user):
    return lambda text: values.clean(field, text, by=user)
