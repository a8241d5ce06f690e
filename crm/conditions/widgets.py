"""A tree as the filter bar shows it: tokens that are words, each with an address to change it and one to drop it."""

import json
from dataclasses import dataclass

from crm.conditions import fields
from crm.conditions.sentence import parts_of, phrase


@dataclass
class Token:
    """One condition in the bar. `parts` are (role, words): field, op, value."""

    index: int
    parts: list
    text: str
    without: dict


def dump(tree):
    """Compact JSON of a tree, the same for equal trees."""
    return json.dumps(tree, ensure_ascii=False, separators=(",", ":"))


def tokens(tree, subject, *, user=None):
    """The conditions of a filter bar. A nested group is one token of plain words."""
    found = []
    for index, node in enumerate((tree or {}).get("all", [])):
        if "field" in node:
            parts = [(role, text.strip()) for role, text in parts_of(node, subject, user=user) if text.strip()]
        else:
            parts = [("value", phrase(node, subject, user=user, inner=True))]
        found.append(Token(index, parts, " ".join(text for _role, text in parts), without(tree, index)))
    return found


def without(tree, index):
    """The tree without one of its conditions."""
    return {"all": [node for i, node in enumerate(tree["all"]) if i != index]}


def replaced(tree, index, node):
    """The tree with one condition changed, or added at the end when `index` is None."""
    nodes = list((tree or {}).get("all", []))
    if index is None:
        nodes.append(node)
    else:
        nodes[index] = node
    return {"all": nodes}


def menu(subject, *, user=None):
    """[(heading, [(value, label)])] of everything one may ask: "field:city", "did:guide.downloaded", "has:deals"."""
    from django.utils.translation import gettext as _

    groups = {}
    for item in fields.fields_of(subject, user):
        groups.setdefault(str(item.group or _("Properties")), []).append((f"field:{item.name}", str(item.label)))
    for item in fields.relations_of(subject, user):
        groups.setdefault(str(item.group or _("What there is")), []).append((f"has:{item.name}", str(item.label)))
    for item in fields.behaviours_of(subject):
        groups.setdefault(_("What happened"), []).append((f"did:{item.name}", str(item.label)))
    return list(groups.items())
