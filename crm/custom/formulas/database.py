"""A formula as an expression of the database: what `evaluate` computes, for filters and sorting."""

from django.db.models import BooleanField, Case, DateField, DecimalField, Func, TextField, Value, When

from crm.custom.formulas.evaluate import FINE, PLACES
from crm.custom.formulas.grammar import BOOLEAN, DATE, NUMBER, TEXT

OUTPUT = {
    NUMBER: DecimalField(max_digits=1000, decimal_places=PLACES),
    TEXT: TextField(),
    DATE: DateField(),
    BOOLEAN: BooleanField(),
}
_CASTS = {NUMBER: "numeric", TEXT: "text", DATE: "date", BOOLEAN: "boolean"}


def compiled(node, column, today):
    """The expression of a tree. `column(name)` gives that of a field, with its type."""
    if node.op == "literal":
        return _call("%(expressions)s::" + _CASTS[node.kind], node.kind, Value(node.value))
    if node.op == "today":
        return _call("%(expressions)s::date", DATE, Value(today))
    if node.op == "field":
        return column(node.value)
    args = [compiled(arg, column, today) for arg in node.args]
    if node.op == "if":
        return Case(When(args[0], then=args[1]), default=args[2], output_field=OUTPUT[node.kind])
    if node.op == "&":
        args = [_as_text(arg, inner.kind) for arg, inner in zip(args, node.args, strict=True)]
        return _joined("||", TEXT, *args)
    if node.op == "/":
        fine = _call(f"round(%(expressions)s, {FINE})", NUMBER, args[0])
        ratio = _joined("/", NUMBER, fine, _call("nullif(%(expressions)s, 0)", NUMBER, args[1]))
        # The quotient of great numbers has fewer digits unless its scale is given first.
        return _call(f"round(round(%(expressions)s, {FINE}), {PLACES})", NUMBER, ratio)
    if node.op == "*":
        return _call(f"round(%(expressions)s, {PLACES})", NUMBER, _joined("*", NUMBER, *args))
    if node.op == "round":
        return _call(f"round(%(expressions)s, {int(node.args[1].value)})", NUMBER, args[0])
    if node.op == "days":
        return _call("%(expressions)s::numeric", NUMBER, _joined("-", NUMBER, *args))
    if node.op in _SIGNS:
        return _joined(_SIGNS[node.op], node.kind, *args)
    return _call(_CALLS[node.op], node.kind, *args)


def bounded(expression, places):
    """A number as a field shows it; nothing when it is beyond all measure."""
    return Func(
        expression,
        template=f"custom_bounded(%(expressions)s, {int(places)})",
        output_field=DecimalField(max_digits=24, decimal_places=6),
    )


_SIGNS = {sign: sign for sign in ("+", "-", "=", "<>", "<", "<=", ">", ">=")} | {"and": "AND", "or": "OR"}
_CALLS = {
    "neg": "(-(%(expressions)s))",
    "abs": "abs(%(expressions)s)",
    "shift": "custom_shift(%(expressions)s)",
    "year": "extract(year FROM %(expressions)s)::numeric",
    "month": "extract(month FROM %(expressions)s)::numeric",
    "day": "extract(day FROM %(expressions)s)::numeric",
    "not": "(NOT (%(expressions)s))",
    "empty": "((%(expressions)s) IS NULL)",
    "first": "coalesce(%(expressions)s)",
    "min": "least(%(expressions)s)",
    "max": "greatest(%(expressions)s)",
}


def _as_text(expression, kind):
    if kind == NUMBER:
        return _call("trim_scale(%(expressions)s)::text", TEXT, expression)
    return _call("to_char(%(expressions)s, 'YYYY-MM-DD')", TEXT, expression) if kind == DATE else expression


def _call(template, kind, *args):
    return Func(*args, template=template, output_field=OUTPUT[kind])


def _joined(sign, kind, *args):
    return Func(*args, template="(%(expressions)s)", arg_joiner=f" {sign} ", output_field=OUTPUT[kind])
