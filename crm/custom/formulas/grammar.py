"""Reading a formula: a small language without loops, names of its own, or any way out.

    price * (1 - discount / 100)        signed_on + 365         if(days(today(), signed_on) > 30, "late", "")
    first_name & " " & last_name        round(total / 3, 2)     first(own_price, list_price, 0)

Values are numbers (exact decimals), texts, days and yes/no. What is computed of an empty field is empty.
"""

import re
from dataclasses import dataclass, field
from decimal import Decimal

from django.utils.translation import gettext as _

NUMBER, TEXT, DATE, BOOLEAN = "number", "text", "date", "boolean"
MAX_LENGTH, MAX_NODES, MAX_DEPTH, MAX_SHIFTS = 1000, 60, 12, 5
_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d{1,12}(?:\.\d{1,6})?)|(?P<name>[a-z][a-z0-9_]*)"
    r'|"(?P<text>(?:[^"\x00]|""){0,200})"|(?P<sign><>|<=|>=|[-+*/&=<>(),]))'
)
_COMPARE, _LEVELS = {"=", "<>", "<", "<=", ">", ">="}, [("&",), ("+", "-"), ("*", "/")]


class FormulaError(ValueError):
    """A formula that cannot be used: a sentence that says what is wrong."""


@dataclass(frozen=True)
class Node:
    """`op`: literal, field, neg, a sign (+ - * / & = <> < <= > >=) or the name of a function."""

    op: str
    kind: str
    args: tuple = ()
    value: object = field(default=None, hash=False)

    def names(self):
        """The fields that are read."""
        return {self.value} if self.op == "field" else {name for node in self.args for name in node.names()}


def parse(text, kinds):
    """The tree of a formula. `kinds` is {name of a field: number | text | date | boolean}. Raises FormulaError."""
    if not text.strip():
        raise FormulaError(_("Write the formula."))
    if len(text) > MAX_LENGTH:
        raise FormulaError(_("The formula is too long. Make it shorter."))
    reader = _Reader(_tokens(text), kinds)
    tree = reader.expression(1)
    if reader.now[0] != "end":
        raise FormulaError(_("“%(text)s” is not expected there.") % {"text": reader.now[1]})
    return tree


def _tokens(text):
    found, at = [], 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None:
            raise FormulaError(_("“%(text)s” cannot be read.") % {"text": text[at:].strip()[:20]})
        found.append((match.lastgroup, match[match.lastgroup]))
        at = match.end()
    return [*found, ("end", "")]


class _Reader:
    def __init__(self, tokens, kinds):
        self.tokens, self.kinds, self.at = tokens, kinds, 0
        self.nodes = self.shifts = 0

    @property
    def now(self):
        return self.tokens[self.at]

    def expression(self, depth):
        """One comparison at most, of joined and computed values."""
        if depth > MAX_DEPTH:
            raise FormulaError(_("The formula is nested too deeply. Take it apart."))
        left = self.level(0, depth)
        if self.now[0] == "sign" and self.now[1] in _COMPARE:
            sign = self.take()
            right = self.level(0, depth)
            if left.kind != right.kind:
                raise FormulaError(_("Only values of one kind can be compared."))
            if sign not in {"=", "<>"} and left.kind in {TEXT, BOOLEAN}:
                raise FormulaError(_("Texts and yes/no are equal or not, but none is more than the other."))
            return self.node(sign, BOOLEAN, left, right)
        return left

    def level(self, number, depth):
        if number == len(_LEVELS):
            return self.unary(depth)
        left = self.level(number + 1, depth)
        while self.now[0] == "sign" and self.now[1] in _LEVELS[number]:
            left = self.binary(self.take(), left, self.level(number + 1, depth))
        return left

    def binary(self, sign, left, right):
        kinds = (left.kind, right.kind)
        if sign == "&":
            if BOOLEAN in kinds:
                raise FormulaError(_("Yes/no cannot be joined to a text. Use if()."))
            return self.node("&", TEXT, left, right)
        if kinds == (NUMBER, NUMBER):
            return self.node(sign, NUMBER, left, right)
        if sign in {"+", "-"} and kinds == (DATE, NUMBER):
            self.shifts += 1
            if self.shifts > MAX_SHIFTS:
                raise FormulaError(_("Days are added to dates too often here. Add the numbers first."))
            return self.node("shift", DATE, left, right if sign == "+" else self.node("neg", NUMBER, right))
        raise FormulaError(_("“%(sign)s” needs numbers, or a date and a number of days.") % {"sign": sign})

    def unary(self, depth):
        if self.now == ("sign", "-"):
            self.take()
            inner = self.unary(depth + 1) if depth < MAX_DEPTH else self.expression(depth + 1)
            if inner.kind != NUMBER:
                raise FormulaError(_("“%(sign)s” needs a number.") % {"sign": "-"})
            return self.node("neg", NUMBER, inner)
        what, text = self.now
        if what == "number":
            self.take()
            return self.node("literal", NUMBER, value=Decimal(text))
        if what == "text":
            self.take()
            return self.node("literal", TEXT, value=text.replace('""', '"'))
        if what == "name":
            return self.named(self.take(), depth)
        if self.now == ("sign", "("):
            self.take()
            inner = self.expression(depth + 1)
            self.expect(")")
            return inner
        raise FormulaError(
            _("Something is missing at the end.")
            if what == "end"
            else _("“%(text)s” is not expected there.") % {"text": text}
        )

    def named(self, name, depth):
        if self.now == ("sign", "("):
            return self.call(name, depth)
        if name in {"true", "false"}:
            return self.node("literal", BOOLEAN, value=name == "true")
        if name not in self.kinds:
            raise FormulaError(_("There is no field “%(name)s” to compute with.") % {"name": name})
        return self.node("field", self.kinds[name], value=name)

    def call(self, name, depth):
        self.take()
        args = []
        if self.now != ("sign", ")"):
            args.append(self.expression(depth + 1))
            while self.now == ("sign", ","):
                self.take()
                args.append(self.expression(depth + 1))
        self.expect(")")
        if name not in FUNCTIONS:
            raise FormulaError(_("There is no function “%(name)s”.") % {"name": name})
        kind = FUNCTIONS[name](*args) if _fits(name, args) else None
        if kind is None:
            raise FormulaError(_("%(name)s() is given other values than it takes.") % {"name": name})
        return self.node(name, kind, *args)

    def node(self, op, kind, *args, value=None):
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise FormulaError(_("The formula has too many parts. Make it shorter."))
        return Node(op, kind, args, value)

    def take(self):
        self.at += 1
        return self.tokens[self.at - 1][1]

    def expect(self, sign):
        if self.now != ("sign", sign):
            raise FormulaError(_("A “%(sign)s” is missing.") % {"sign": sign})
        self.take()


def _fits(name, args):
    return len(args) in _COUNTS[name]


def _same(*args):
    return args[0].kind if len({a.kind for a in args}) == 1 else None


def _takes(result, *kinds):
    return lambda *args: result if tuple(a.kind for a in args) == kinds else None


def _ordered(*args):
    return _same(*args) if args[0].kind in {NUMBER, DATE} else None


# Each gives the kind of its result, None when its arguments do not fit.
FUNCTIONS = {
    "if": lambda test, yes, no: _same(yes, no) if test.kind == BOOLEAN else None,
    "first": _same,
    "min": _ordered,
    "max": _ordered,
    "abs": _takes(NUMBER, NUMBER),
    "round": lambda x, n: NUMBER if x.kind == NUMBER and n.op == "literal" and n.value in range(7) else None,
    "today": _takes(DATE),
    "days": _takes(NUMBER, DATE, DATE),
    "year": _takes(NUMBER, DATE),
    "month": _takes(NUMBER, DATE),
    "day": _takes(NUMBER, DATE),
    "and": lambda *args: BOOLEAN if all(a.kind == BOOLEAN for a in args) else None,
    "or": lambda *args: BOOLEAN if all(a.kind == BOOLEAN for a in args) else None,
    "not": _takes(BOOLEAN, BOOLEAN),
    "empty": lambda x: BOOLEAN,
}
_MANY = range(1, 11)
_COUNTS = dict.fromkeys(FUNCTIONS, _MANY) | {
    "if": {3},
    "abs": {1},
    "round": {2},
    "today": {0},
    "days": {2},
    "year": {1},
    "month": {1},
    "day": {1},
    "not": {1},
    "empty": {1},
}
