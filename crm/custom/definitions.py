"""Which kinds of record have custom fields, and which fields there are. Read once a request."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from django.db.models import Q

from crm import conditions, field_access
from crm.kept import kept
from crm.lists import columns as list_columns
from crm.models.custom_field import KEPT, CustomField


@dataclass(frozen=True)
class Target:
    """Records that can have custom fields: a subject of the condition language and of rights, and its list.

    `form(data, record, user)` gives the form of such a record: rules look at its other fields while it is filled in.
    Where records of others share the table, `condition` tells these apart. `check(record, custom, by)` gives
    {key: sentence} for values that the record itself refuses. Fields in `in_title` are everybody's to read.
    """

    subject: str
    model: type
    label: str
    list_name: str
    form: Callable | None = None
    condition: Q | None = None
    check: Callable | None = None
    in_title: frozenset = frozenset()

    def rows(self):
        """All records of the kind, whoever asks."""
        rows = self.model._base_manager.all()
        return rows.filter(self.condition) if self.condition is not None else rows


_targets: dict[str, Target] = {}
_providers: list = []


def register(subject, model, *, label, list_name, form=None):
    """Give a kind of record custom fields: its model has a JSON column `custom`. Call it in extensions.py."""
    from crm.custom import columns, filters

    _targets[subject] = Target(subject, model, label, list_name, form)
    conditions.provider(subject)(partial(filters.fields_for, subject))
    list_columns.provider(list_name)(partial(columns.columns_for, subject))
    field_access.own_fields(subject, lambda: [(f.name, f.label) for f in all_fields(subject) if not f.is_retired])


def provider(fn):
    """Decorator: `fn()` gives further Targets that are known only at run time."""
    _providers.append(fn)
    return fn


def targets():
    """All kinds of record that can have custom fields."""
    return [*_targets.values(), *(target for fn in _providers for target in fn())]


def target_of(subject):
    """The kind of record, or None."""
    return _targets.get(subject) or next((t for t in targets() if t.subject == subject), None)


def target_for(record):
    """The kind of record that this record is; None for one without custom fields."""
    found = next((t for t in _targets.values() if isinstance(record, t.model)), None)
    return found or target_of(getattr(record, "access_kind", ""))


def all_fields(subject):
    """Every field of a subject, retired ones too, in the order of their sections and places."""
    everything = kept(KEPT, lambda: list(CustomField.objects.order_by("subject", "position", "pk")))
    return [field for field in everything if field.subject == subject]


def fields_of(subject, user=None):
    """The live fields that the user sees; all live ones without a user."""
    return [f for f in all_fields(subject) if not f.is_retired and f.visible_to(user)]


def field_named(subject, key, user=None):
    """The live field with that key that the user sees, or None."""
    return next((f for f in fields_of(subject, user) if f.key == key), None)


def sections_of(fields):
    """[(heading, fields)] in the order in which the sections first come."""
    found = {}
    for field in fields:
        found.setdefault(field.section, []).append(field)
    return list(found.items())
