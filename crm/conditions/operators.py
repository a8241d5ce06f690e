"""Which comparisons each kind of field knows and how they read.

`says` holds the whole phrase in one string, because word order belongs to the translation; the words between
{field} and {value} are what the filter bar shows as the operator.
"""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


@dataclass(frozen=True)
class Operator:
    """`shape` of the value: none, one, many, two, span ({"n", "unit"}) or period (a name)."""

    name: str
    label: str
    says: str
    shape: str = "one"
    negates: str = ""


def _named(*operators):
    return {operator.name: operator for operator in operators}


_IS = Operator("is", _("is"), _("{field} is {value}"))
_IS_NOT = Operator("is_not", _("is not"), _("{field} is not {value}"), negates="is")
_ANY = Operator("any_of", _("is any of"), _("{field} is {value}"), "many")
_NONE = Operator("none_of", _("is none of"), _("{field} is none of {value}"), "many", negates="any_of")
_EMPTY = Operator("empty", _("is empty"), _("{field} is empty"), "none")
_FILLED = Operator("not_empty", _("is filled in"), _("{field} is filled in"), "none", negates="empty")
_BETWEEN = Operator("between", _("is between"), _("{field} is between {value}"), "two")

_TEXT = _named(
    _IS,
    _IS_NOT,
    Operator("contains", _("contains"), _("{field} contains {value}")),
    Operator("not_contains", _("does not contain"), _("{field} does not contain {value}"), negates="contains"),
    Operator("starts", _("begins with"), _("{field} begins with {value}")),
    _ANY,
    _NONE,
    _EMPTY,
    _FILLED,
)
_NUMBER = _named(
    _IS,
    _IS_NOT,
    Operator("gt", _("is more than"), _("{field} is more than {value}")),
    Operator("gte", _("is at least"), _("{field} is at least {value}")),
    Operator("lt", _("is less than"), _("{field} is less than {value}")),
    Operator("lte", _("is at most"), _("{field} is at most {value}")),
    _BETWEEN,
    _EMPTY,
    _FILLED,
)
_DATE = _named(
    Operator("in_last", _("in the last"), _("{field} is in the last {value}"), "span"),
    Operator("older", _("longer ago than"), _("{field} is longer ago than {value}"), "span"),
    Operator("in_next", _("in the next"), _("{field} is in the next {value}"), "span"),
    Operator("period", pgettext_lazy("date", "falls in"), _("{field} falls in {value}"), "period"),
    Operator("is", pgettext_lazy("date", "is on"), _("{field} is on {value}")),
    Operator("before", _("is before"), _("{field} is before {value}")),
    Operator("after", _("is after"), _("{field} is after {value}")),
    _BETWEEN,
    _EMPTY,
    _FILLED,
)
_ANNIVERSARY = Operator(
    "anniversary", _("has its anniversary in the next"), _("{field} has its anniversary in the next {value}"), "span"
)
_CHOICE = _named(_IS, _IS_NOT, _ANY, _NONE, _EMPTY, _FILLED)
_SET = _named(
    Operator("has_any", _("has any of"), _("{field} include {value}"), "many"),
    Operator("has_all", _("has all of"), _("{field} include all of {value}"), "many"),
    Operator("has_none", _("has none of"), _("{field} include none of {value}"), "many", negates="has_any"),
    _EMPTY,
    _FILLED,
)

BY_KIND = {
    "text": _TEXT,
    "number": _NUMBER,
    "money": _NUMBER,
    "date": _DATE | {"anniversary": _ANNIVERSARY},
    "datetime": _DATE,
    "choice": _CHOICE,
    "person": _CHOICE,
    "record": _CHOICE,
    "boolean": _named(Operator("is", _("is"), _("{field}: {value}"))),
    "tags": _SET,
    "choices": _SET,
    "membership": _named(
        Operator("any_of", _("is in any of"), _("in {field} {value}"), "many"),
        Operator("none_of", _("is in none of"), _("not in {field} {value}"), "many", negates="any_of"),
    ),
}

UNITS = {"day": _("days"), "week": _("weeks"), "month": _("months"), "year": _("years")}
PERIODS = {
    "today": _("today"),
    "yesterday": _("yesterday"),
    "tomorrow": _("tomorrow"),
    "this_week": _("this week"),
    "last_week": _("last week"),
    "next_week": _("next week"),
    "this_month": _("this month"),
    "last_month": _("last month"),
    "next_month": _("next month"),
    "this_quarter": _("this quarter"),
    "last_quarter": _("last quarter"),
    "this_year": _("this year"),
    "last_year": _("last year"),
}
TIMES = {"at_least": _("at least"), "at_most": _("at most"), "exactly": _("exactly")}
