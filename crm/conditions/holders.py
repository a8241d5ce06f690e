"""Where condition trees are kept, so that whoever renames what they speak of can rewrite them all.

An app declares its columns in extensions.py: `conditions.held_in(Segment, "tree")`. A column may hold a tree, or anything
with trees in it: the wish of a feed, the rules of a field.
"""

from django.db.models import TextField
from django.db.models.functions import Cast

_holders = []


def held_in(model, column):
    """Declare a JSON column in which trees stand."""
    _holders.append((model, column))


def holders():
    """[(model, column)] of all that was declared."""
    return list(_holders)


def nodes_in(value, field):
    """Every comparison of a field of that name, wherever it stands in a JSON value."""
    if isinstance(value, dict):
        if value.get("field") == field:
            yield value
        for part in value.values():
            yield from nodes_in(part, field)
    elif isinstance(value, list):
        for part in value:
            yield from nodes_in(part, field)


def rows_naming(field, value):
    """[(row, column)] of the rows in whose trees a field is compared with a value of a set."""
    return [
        (row, column)
        for model, column in _holders
        # Most rows do not speak of the field at all: the database leaves them out.
        for row in model._base_manager.annotate(_text=Cast(column, TextField())).filter(_text__contains=f'"{field}"')
        if any(value in (node.get("value") or []) for node in nodes_in(getattr(row, column), field))
    ]


def rewrite(field, before, after):
    """Let every comparison of a field with one value of a set name another one. Returns how many rows changed."""
    rows = rows_naming(field, before)
    for row, column in rows:
        held = getattr(row, column)
        for node in nodes_in(held, field):
            node["value"] = list(dict.fromkeys(after if one == before else one for one in node.get("value") or []))
        # Whoever keeps a tree counts by it again only when a person changes it; this says the same as before.
        type(row)._base_manager.filter(pk=row.pk).update(**{column: held})
    return len(rows)
