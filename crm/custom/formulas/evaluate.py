"""A formula computed in Python. The database computes the same (`sql`); a test holds the two together."""

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal

from crm.custom.formulas.grammar import NUMBER
from crm.custom.values import decimal_text

# No product of sixty numbers is longer; nothing is rounded unseen.
EXACT = Context(prec=2000, rounding=ROUND_HALF_UP, Emax=9999, Emin=-9999)
PLACES, FINE = 10, 30
MOST_DAYS = 100_000
LIMIT = Decimal(10) ** 15


def evaluate(node, read, today):
    """The value of a tree, None when it is empty. `read(name)` gives the value of a field."""
    if node.op == "literal":
        return node.value
    if node.op == "field":
        return read(node.value)
    if node.op == "today":
        return today
    args = [evaluate(arg, read, today) for arg in node.args]
    if node.op in _WITH_NONE:
        return _WITH_NONE[node.op](*args)
    return None if None in args else _STRICT[node.op](*args)


def bounded(number, places):
    """A result as a field shows it; None when it is beyond all measure."""
    return None if abs(number) >= LIMIT else rounded(number, places)


def rounded(number, places):
    return EXACT.quantize(number, Decimal(1).scaleb(-places))


def _divide(one, other):
    if not other:
        return None
    return rounded(rounded(EXACT.divide(one, other), FINE), PLACES)


def _joined(one, other):
    return _text(one) + _text(other)


def _text(value):
    if isinstance(value, Decimal):
        return decimal_text(value)
    return value.isoformat() if isinstance(value, date) else value


def _shift(day, number):
    return day + timedelta(days=int(number)) if abs(number) <= MOST_DAYS else None


def _and(*args):
    return False if False in args else None if None in args else True


def _or(*args):
    return True if True in args else None if None in args else False


def _least(*args):
    return min((a for a in args if a is not None), default=None)


def _most(*args):
    return max((a for a in args if a is not None), default=None)


_WITH_NONE = {
    "if": lambda test, yes, no: yes if test is True else no,
    "first": lambda *args: next((a for a in args if a is not None), None),
    "empty": lambda value: value is None,
    "min": _least,
    "max": _most,
    "and": _and,
    "or": _or,
}
_STRICT = {
    "+": EXACT.add,
    "-": EXACT.subtract,
    "*": lambda one, other: rounded(EXACT.multiply(one, other), PLACES),
    "/": _divide,
    "&": _joined,
    "=": lambda one, other: one == other,
    "<>": lambda one, other: one != other,
    "<": lambda one, other: one < other,
    "<=": lambda one, other: one <= other,
    ">": lambda one, other: one > other,
    ">=": lambda one, other: one >= other,
    "neg": EXACT.minus,
    "abs": EXACT.abs,
    "round": lambda number, places: rounded(number, int(places)),
    "shift": _shift,
    "days": lambda one, other: Decimal((one - other).days),
    "year": lambda day: Decimal(day.year),
    "month": lambda day: Decimal(day.month),
    "day": lambda day: Decimal(day.day),
    "not": lambda value: not value,
}

__all__ = ["NUMBER", "bounded", "evaluate"]
