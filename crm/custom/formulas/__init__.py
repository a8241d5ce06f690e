"""Fields that are computed: read from a formula, computed in Python on pages and by the database in lists."""

from datetime import date, datetime
from decimal import Decimal

from django.db.models import DateField, F, Func, Value
from django.utils import timezone

from crm import conditions
from crm.conditions.fields import declared_of
from crm.custom import definitions, sql, values
from crm.custom.formulas import database
from crm.custom.formulas.evaluate import bounded, evaluate
from crm.custom.formulas.grammar import BOOLEAN, DATE, NUMBER, TEXT, FormulaError, parse
from crm.models import CustomField

Kind = CustomField.Kind
_KINDS = {
    Kind.TEXT: TEXT,
    Kind.LONG: TEXT,
    Kind.LINK: TEXT,
    Kind.CHOICE: TEXT,
    Kind.NUMBER: NUMBER,
    Kind.MONEY: NUMBER,
    Kind.DATE: DATE,
    Kind.YES_NO: BOOLEAN,
}
_COLUMNS = {"text": TEXT, "choice": TEXT, "number": NUMBER, "money": NUMBER, "date": DATE}


def usable(subject):
    """{name: kind} of what a formula of a subject may compute with: its custom fields, and columns of its own."""
    found = {}
    for item in declared_of(subject):
        is_column = item.kind in _COLUMNS and not (item.json or item.expression or item.match or item.key)
        if is_column and "__" not in item.path and not item.path.endswith("_id"):
            found[item.name] = _COLUMNS[item.kind]
    return found | {f.key: _KINDS[f.kind] for f in definitions.all_fields(subject) if f.kind in _KINDS}


def checked(text, subject):
    """The kind of result of a formula. Raises FormulaError."""
    return parse(text, usable(subject)).kind


def kind_of(field):
    """The kind of result; text for a formula that has become unreadable."""
    tree = _tree(field)
    return tree.kind if tree else TEXT


def computed(field, record):
    """The value of a formula for a record (or a `writing.State`), as it would be stored; None when it is empty."""
    tree = _tree(field)
    found = evaluate(tree, _reader(field.subject, record), timezone.localdate()) if tree else None
    if isinstance(found, Decimal):
        found = bounded(found, field.places)
        return None if found is None else values.decimal_text(found)
    return found.isoformat() if isinstance(found, date) else found or None if isinstance(found, str) else found


def fields_read(field):
    """The custom fields that a formula is computed of."""
    names = _names(field)
    return [f for f in definitions.all_fields(field.subject) if f.key in names]


def reads_only_seen(field, user):
    """Whether the user sees all that a formula is computed of: custom fields and columns."""
    own = fields_read(field)
    columns = _names(field) - {f.key for f in own}
    return all(f.visible_to(user) for f in own) and all(
        conditions.field_named(field.subject, name, user) for name in columns
    )


def expression(field):
    """The formula as an expression of the database."""
    tree = _tree(field)
    if tree is None:
        return Value(None, output_field=database.OUTPUT[TEXT])
    found = database.compiled(tree, lambda name: _column(field.subject, name), timezone.localdate())
    if tree.kind == TEXT:
        return Func(found, Value(""), function="nullif", output_field=database.OUTPUT[TEXT])
    return database.bounded(found, field.places) if tree.kind == NUMBER else found


def _tree(field):
    """Parsed once for each definition that was read."""
    if "_formula_tree" not in field.__dict__:
        try:
            field._formula_tree = parse(field.formula, usable(field.subject))
        except FormulaError:
            field._formula_tree = None
    return field._formula_tree


def _names(field):
    tree = _tree(field)
    return tree.names() if tree else set()


def _reader(subject, record):
    own = {f.key: f for f in definitions.all_fields(subject)}

    def read(name):
        if name in own:
            return values.typed(own[name], record.custom.get(name))
        asked = conditions.field_named(subject, name)
        found = record.read(asked) if hasattr(record, "read") else getattr(record, asked.path or asked.name, None)
        if isinstance(found, int | float) and not isinstance(found, bool):
            found = Decimal(str(found))
        if isinstance(found, datetime):
            found = timezone.localdate(found)
        return None if found == "" else found

    return read


def _column(subject, name):
    own = next((f for f in definitions.all_fields(subject) if f.key == name), None)
    if own is not None:
        kind = _KINDS[own.kind]
        held = sql.value(own) if kind == DATE else sql.stored(own)
        return held if kind in {DATE, TEXT} else _typed(held, kind)
    asked = conditions.field_named(subject, name)
    kind = _COLUMNS[asked.kind]
    held = F(asked.path or asked.name)
    if kind == TEXT:
        return Func(held, Value(""), function="nullif", output_field=database.OUTPUT[TEXT])
    return _typed(held, kind) if kind == NUMBER else Func(held, template="%(expressions)s", output_field=DateField())


def _typed(held, kind):
    casts = {NUMBER: "numeric", BOOLEAN: "boolean"}
    return Func(held, template=f"(%(expressions)s)::{casts[kind]}", output_field=database.OUTPUT[kind])


__all__ = ["FormulaError", "checked", "computed", "expression", "kind_of", "usable"]
