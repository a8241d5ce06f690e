"""The one service that decides what may stand in the custom fields of a record, and writes it.

Forms, cells, bulk acts, imports and programs all come here, so a rule holds wherever a value comes from.
"""

from django.db import transaction
from django.utils.translation import gettext as _

from crm.custom import definitions, rules, values
from crm.models import CustomField

Kind = CustomField.Kind


class CustomRefused(ValueError):
    """What may not be written: `errors` is {key of a field: sentence}."""

    def __init__(self, errors):
        super().__init__(" ".join(f"{text}" for text in errors.values()))
        self.errors = errors


class State:
    """The fields of a record as they would be: its columns with `overrides` over them, and its custom values."""

    def __init__(self, subject, record, custom, overrides=None, user=None):
        self.subject, self.record, self.custom = subject, record, custom
        self.overrides, self.user = overrides or {}, user
        self.by_name = {field.name: field for field in definitions.all_fields(subject)}

    def read(self, asked):
        """The value of a field of the condition language."""
        field = self.by_name.get(asked.name)
        if field is not None:
            if field.kind == Kind.FORMULA:
                return values.typed(field, values.held(field, self))
            return values.typed(field, self.custom.get(field.key))
        path = asked.path or asked.name
        for name in (path, path.removesuffix("_id")):
            found = self.overrides.get(name)
            # A form that names a record by its name says nothing of its key yet.
            if name in self.overrides and not (asked.kind == "record" and isinstance(found, str)):
                return getattr(found, "pk", found)
        return getattr(self.record, path, None) if self.record is not None else None

    def holds(self, field, rule):
        """Whether a rule of a field holds now; None when the field has no such rule."""
        tree = field.rules.get(rule)
        return rules.holds(tree, self.subject, self.read, user=self.user) if tree else None

    def shows(self, field):
        return self.holds(field, rules.SHOW) is not False

    def locks(self, field):
        return bool(self.holds(field, rules.LOCK))

    def demands(self, field):
        """Whether it must be filled in: always or by a rule, but never while it is not shown."""
        return (field.is_required or bool(self.holds(field, rules.REQUIRE))) and self.shows(field)


def cleaned(subject, changes, *, by=None):
    """{key: stored value} of {key: raw}. Raises CustomRefused; a key that is unknown or not for `by` is refused."""
    found, errors = {}, {}
    for key, raw in changes.items():
        field = definitions.field_named(subject, key, by)
        if field is None:
            errors[key] = _("There is no field “%(name)s”.") % {"name": str(key)[:40]}
        elif not field.editable_by(by):
            errors[key] = _("You may not change “%(field)s”.") % {"field": field.label}
        else:
            try:
                found[key] = values.clean(field, raw, by=by)
            except ValueError as error:
                errors[key] = str(error)
    if errors:
        raise CustomRefused(errors)
    return found


def check(subject, record, changes, *, by=None, overrides=None, whole=False, alone=False):
    """The custom values of a record after `changes` ({key: stored}), as rules allow them. Raises CustomRefused.

    `overrides` are other fields that change in the same act. `whole` demands every field that must be filled in;
    else only those that this act empties or makes needed: what was missing before blocks nobody. With `alone` it is not
    held against other records: whoever writes many at once does that for all together.
    """
    before = dict(record.custom) if record is not None else {}
    after = {key: value for key, value in (before | changes).items() if value is not None}
    was, now = State(subject, record, before, user=by), State(subject, record, after, overrides, user=by)
    errors = {}
    for field in definitions.fields_of(subject, by):
        changed = field.key in changes and changes[field.key] != before.get(field.key)
        if changed and was.locks(field):
            errors[field.key] = _("“%(field)s” is locked now.") % {"field": field.label}
        elif changed and field.key in after and not now.shows(field):
            errors[field.key] = _("“%(field)s” does not apply here. Leave it empty.") % {"field": field.label}
        elif field.key not in after and _may_be_asked(field, by) and now.demands(field):
            blocks = whole or field.key in changes or not was.demands(field)
            errors |= {field.key: _("Fill in “%(field)s”.") % {"field": field.label}} if blocks else {}
    target = definitions.target_of(subject)
    if target.check is not None and not errors and not alone:
        errors = target.check(record, after, by)
    if errors:
        raise CustomRefused(errors)
    return after


def permitted(record, changes):
    """(those of `changes` ({key: stored}) that no rule forbids now, {key: why} of the others).

    An import leaves what is locked or not shown as it is.
    """
    subject, left, refused = definitions.target_for(record).subject, dict(changes), {}
    try:
        check(subject, record, left)
    except CustomRefused as refusal:
        refused = {key: text for key, text in refusal.errors.items() if key in left}
        left = {key: value for key, value in left.items() if key not in refused}
    return left, refused


def _may_be_asked(field, by):
    # A file belongs to a record that is there already: it can be demanded of nobody who makes one.
    return field.kind not in {Kind.FORMULA, Kind.FILE} and field.editable_by(by)


def defaults(subject, by=None):
    """Values that a new record begins with."""
    fields = definitions.fields_of(subject, by)
    return {field.key: field.default for field in fields if field.default is not None}


@transaction.atomic
def write(record, changes, *, by=None, was=None):
    """Change custom fields of a saved record: {key: raw}. Raises CustomRefused, and changes nothing then.

    What others write into other fields meanwhile stays. Returns the record as it is now.
    """
    subject = definitions.target_for(record).subject
    now = type(record)._base_manager.select_for_update(of=["self"]).get(pk=record.pk)
    now.custom = check(subject, now, cleaned(subject, changes, by=by), by=by)
    now.save(update_fields=["custom"])
    record.custom = now.custom
    return now


def new_values(subject, changes, *, by=None, overrides=None, whole=False):
    """The custom values of a record that is about to be made: the given ones over the defaults. Raises CustomRefused."""
    given = defaults(subject, by) | cleaned(subject, changes, by=by)
    return check(subject, None, given, by=by, overrides=overrides, whole=whole)
