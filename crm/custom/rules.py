"""Conditions of rules, decided in Python: about one record, also one that is still a form.

They mean exactly what `crm.conditions.compile` makes of them in the database (a test holds the two together), but
speak only of the record's own fields.
"""

from decimal import Decimal

from django.utils import timezone
from django.utils.translation import gettext as _

from crm import conditions
from crm.conditions.values import ahead, days_of, fits_number, start_of

SHOW, REQUIRE, LOCK = "show", "require", "lock"
NAMES = (SHOW, REQUIRE, LOCK)


def parse(raw, subject, *, user=None):
    """The tree of a rule. Raises ConditionError, also for what only the database knows."""
    tree = conditions.parse(raw, subject, user=user)
    for name in names_in(tree):
        field = conditions.field_named(subject, name) if name else None
        if field is None or not _is_own(field):
            raise conditions.ConditionError(_("A rule looks only at the fields of the record itself."))
    return tree


def names_in(node):
    """Names of the fields that a tree asks about; "" for what is not a field."""
    for key in ("all", "any"):
        if key in node:
            return {name for child in node[key] for name in names_in(child)}
    if "not" in node:
        return names_in(node["not"])
    return {node.get("field", "")}


def _is_own(field):
    computed = field.expression is not None and not field.name.startswith("cf_")
    return not field.match and not field.key and not computed and "__" not in field.path


def holds(tree, subject, read, *, user=None, now=None):
    """Whether a rule's condition holds; `read(field)` gives the value of a field (typed, None when empty).

    A field that is gone makes the condition false.
    """
    asked = _Asked(subject, read, user, now or timezone.now())
    return asked.node(tree)


class _Asked:
    def __init__(self, subject, read, user, now):
        self.subject, self.read, self.user = subject, read, user
        self.zone = timezone.get_current_timezone()
        self.today = now.astimezone(self.zone).date()

    def node(self, node):
        if "all" in node:
            return all(self.node(child) for child in node["all"])
        if "any" in node:
            return any(self.node(child) for child in node["any"])
        if "not" in node:
            return not self.node(node["not"])
        field = conditions.field_named(self.subject, node.get("field", ""))
        if field is None:
            return False
        operator = field.operators[node["op"]]
        found = self._compare(field, operator.negates or operator.name, self.read(field), node.get("value"))
        return found != bool(operator.negates)

    def _compare(self, field, name, held, value):
        if name == "empty":
            return held in (None, "", [])
        if field.kind in {"tags", "choices"}:
            asked, got = {str(v) for v in value}, {str(v) for v in held or []}
            return bool(asked & got) if name == "has_any" else asked <= got
        if held is None:
            return False
        if field.kind in {"date", "datetime"}:
            return self._dates(field, name, held, value)
        if field.kind in {"number", "money"}:
            return fits_number(name, Decimal(str(held)), value)
        if field.kind == "text":
            return _texts(name, str(held), value, field)
        if field.kind == "person":
            return self._people(held, value if name == "any_of" else [value])
        return held in value if name == "any_of" else held == value

    def _dates(self, field, name, held, value):
        if name == "anniversary":
            return self._anniversary(held, value)
        first, behind = days_of(name, value, self.today)
        if field.kind == "datetime":
            first, behind = (day and start_of(day, self.zone) for day in (first, behind))
        return (first is None or held >= first) and (behind is None or held < behind)

    def _anniversary(self, held, span):
        first, last = self.today, ahead(self.today, span)
        if (last - first).days >= 365:
            return True
        start, place = first.month * 100 + first.day, held.month * 100 + held.day
        end = last.month * 100 + last.day
        if end == 228 and (last - last.replace(day=27)).days == 1 and _is_end_of_february(last):
            end = 229
        return start <= place <= end if start <= end else place >= start or place <= end

    def _people(self, held, values):
        if held in {v for v in values if isinstance(v, int)}:
            return True
        if self.user is None:
            return False
        if "me" in values and held == self.user.pk:
            return True
        members = type(self.user)._default_manager.filter(team__in=self.user.team_ids, pk=held)
        return "my_team" in values and (held == self.user.pk or members.exists())


def _is_end_of_february(day):
    return (day.month, day.day) == (2, 28) and (day.year % 4 != 0 or (day.year % 100 == 0 and day.year % 400 != 0))


def _texts(name, held, value, field):
    fold = field.normal or (str if field.exact else str.upper)
    if name == "any_of":
        return fold(held) in {fold(v) for v in value}
    held, value = fold(held), fold(value)
    return {"is": held == value, "contains": value in held, "starts": held.startswith(value)}[name]


__all__ = ["LOCK", "NAMES", "REQUIRE", "SHOW", "holds", "names_in", "parse"]
