"""Reading a condition tree that came from outside: every key, name, operator and value is checked.

`parse()` returns the tree in its one canonical form, so equal conditions are equal JSON.
"""

import json

from django.utils.translation import gettext as _

from crm.conditions import fields
from crm.conditions.operators import TIMES
from crm.conditions.values import clean_amount, clean_count, clean_day, clean_value

MAX_DEPTH = 8
MAX_NODES = 120
MAX_BYTES = 32_000


class ConditionError(ValueError):
    """A condition that cannot be used: a sentence for the person, and where it stands ("0.2")."""

    def __init__(self, message, path=""):
        super().__init__(message)
        self.message, self.path = str(message), path


def is_empty(tree):
    """Whether the tree asks nothing."""
    return not tree or tree == {"all": []}


def parse_text(text, subject, *, user=None):
    """`parse()` for JSON text; "" is the empty tree."""
    if not text:
        return {"all": []}
    if len(text) > MAX_BYTES:
        raise ConditionError(_("The filter is too long. Make it shorter."))
    try:
        raw = json.loads(text)
    except (ValueError, RecursionError):
        raise ConditionError(_("The filter in the address cannot be read. Remove it and set it again.")) from None
    return parse(raw, subject, user=user)


def parse(raw, subject, *, user=None):
    """The canonical tree {"all": […]} of `raw` for a subject; raises ConditionError.

    With `user`, fields the user may not ask about are as unknown as those that do not exist.
    """
    if fields.subject_named(subject) is None:
        raise ConditionError(_("Nothing is known about “%(name)s”.") % {"name": subject})
    if is_empty(raw):
        return {"all": []}
    tree = _Parser(user).node(raw, subject, "", 1)
    return tree if "all" in tree else {"all": [tree]}


def surviving(raw, subject, *, user=None):
    """(canonical tree, how many conditions were left out) of a tree that was kept: what can still be asked of it.

    A field may have been retired since, or is not for this user.
    """
    try:
        return parse(raw, subject, user=user), 0
    except ConditionError:
        left, gone = _without_gone(raw, subject, user)
    try:
        return parse(left, subject, user=user), gone
    except ConditionError:
        return {"all": []}, gone


def _without_gone(node, subject, user):
    """(the node without what cannot be asked, or None when nothing is left; how many went)."""
    key = next((key for key in ("all", "any") if isinstance(node, dict) and isinstance(node.get(key), list)), None)
    if key:
        found = [_without_gone(child, subject, user) for child in node[key]]
        kept = [child for child, _gone in found if child]
        return ({key: kept} if kept else None), sum(gone for _child, gone in found)
    if isinstance(node, dict) and "not" in node:
        inner, gone = _without_gone(node["not"], subject, user)
        return ({"not": inner} if inner else None), gone
    try:
        parse(node, subject, user=user)
    except ConditionError:
        return None, 1
    return node, 0


class _Parser:
    def __init__(self, user):
        self.user = user
        self.nodes = 0

    def node(self, raw, subject, path, depth):
        self.nodes += 1
        if depth > MAX_DEPTH:
            raise ConditionError(_("Groups may be nested %(n)s deep. Take one level out.") % {"n": MAX_DEPTH}, path)
        if self.nodes > MAX_NODES:
            raise ConditionError(_("A filter holds up to %(n)s conditions. Make it shorter.") % {"n": MAX_NODES}, path)
        if not isinstance(raw, dict):
            raise ConditionError(_("A condition is missing here."), path)
        for key, read in (
            ("all", self._group),
            ("any", self._group),
            ("not", self._not),
            ("field", self._field),
            ("did", self._did),
            ("has", self._has),
        ):
            if key in raw:
                return read(raw, key, subject, path, depth)
        raise ConditionError(_("This condition says nothing that is known."), path)

    def _group(self, raw, key, subject, path, depth):
        self._only(raw, {key}, path)
        children = raw[key]
        if not isinstance(children, list) or not children:
            raise ConditionError(_("This group is empty. Add a condition or remove the group."), path)
        return {key: [self.node(c, subject, _below(path, i), depth + 1) for i, c in enumerate(children)]}

    def _not(self, raw, key, subject, path, depth):
        self._only(raw, {"not"}, path)
        inner = self.node(raw["not"], subject, _below(path, 0), depth + 1)
        return inner.get("not", {"not": inner})

    def _field(self, raw, key, subject, path, depth):
        self._only(raw, {"field", "op", "value"}, path)
        found = fields.field_named(subject, raw["field"], self.user) if isinstance(raw["field"], str) else None
        if found is None:
            raise ConditionError(_("There is no field “%(name)s” to filter by.") % {"name": _short(raw["field"])}, path)
        operator = found.operators.get(raw.get("op")) if isinstance(raw.get("op"), str) else None
        if operator is None:
            raise ConditionError(
                _("“%(field)s” cannot be compared by “%(op)s”.") % {"field": found.label, "op": _short(raw.get("op"))},
                path,
            )
        if operator.shape == "none":
            return {"field": found.name, "op": operator.name}
        value = self._checked(path, clean_value, found, operator, raw.get("value"))
        return {"field": found.name, "op": operator.name, "value": value}

    def _did(self, raw, key, subject, path, depth):
        self._only(raw, {"did", "times", "within_days", "since", "until", "where"}, path)
        named = fields.subject_named(subject)
        found = fields.behaviour_named(raw["did"]) if isinstance(raw["did"], str) and named.event_link else None
        if found is None:
            raise ConditionError(_("Nobody records “%(name)s”.") % {"name": _short(raw["did"])}, path)
        node = {"did": found.name}
        self._how_often_and_when(raw, node, path)
        return self._where(raw, node, f"event:{found.name}", path, depth)

    def _has(self, raw, key, subject, path, depth):
        self._only(raw, {"has", "times", "sum", "within_days", "since", "until", "where"}, path)
        found = fields.relation_named(subject, raw["has"], self.user) if isinstance(raw["has"], str) else None
        if found is None:
            raise ConditionError(_("There is nothing called “%(name)s” here.") % {"name": _short(raw["has"])}, path)
        if not found.at and {"within_days", "since", "until"} & raw.keys():
            raise ConditionError(_("“%(name)s” has no date to ask for.") % {"name": found.label}, path)
        node = {"has": found.name}
        self._how_often_and_when(raw, node, path)
        if "sum" in raw:
            if not found.amount:
                raise ConditionError(_("“%(name)s” has no amount to add up.") % {"name": found.label}, path)
            node["sum"] = {"at_least": self._checked(path, clean_amount, raw["sum"])}
        return self._where(raw, node, found.subject, path, depth)

    def _how_often_and_when(self, raw, node, path):
        if "times" in raw:
            times = raw["times"] if isinstance(raw["times"], dict) else {}
            if times.get("op") not in TIMES:
                raise ConditionError(_("Say how often: at least, at most or exactly."), path)
            n = self._checked(path, clean_count, times.get("n"), 0, 100_000)
            if (times["op"], n) != ("at_least", 1):
                node["times"] = {"op": times["op"], "n": n}
        if "within_days" in raw:
            node["within_days"] = self._checked(path, clean_count, raw["within_days"], 1, 36_500)
        for key in ("since", "until"):
            if key in raw:
                node[key] = self._checked(path, clean_day, raw[key])

    def _where(self, raw, node, subject, path, depth):
        if not is_empty(raw.get("where")):
            node["where"] = self.node(raw["where"], subject, _below(path, "where"), depth + 1)
        return node

    def _checked(self, path, clean, *arguments):
        try:
            return clean(*arguments)
        except ValueError as error:
            raise ConditionError(error, path) from None

    def _only(self, raw, known, path):
        if unknown := raw.keys() - known:
            raise ConditionError(_("“%(name)s” means nothing here.") % {"name": _short(min(map(str, unknown)))}, path)


def _below(path, step):
    return f"{path}.{step}" if path else str(step)


def _short(value):
    return str(value)[:40]
