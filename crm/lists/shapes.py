"""The shapes of one filter: the table, a board by a choice, a calendar by a date, the values of a field.

`?shape=board&by=stage` on any list. What may be asked is what may be filtered: the fields of the list's subject.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.core.exceptions import BadRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import conditions
from crm.lists import boards, months, values


@dataclass(frozen=True)
class Shape:
    """`draw(wish, field, params)` gives what the template shows; `kinds` are those of the fields it goes by."""

    name: str
    label: str
    icon: str
    kinds: frozenset
    draw: Callable
    template: str


SHAPES = {
    shape.name: shape
    for shape in (
        Shape(
            "board",
            gettext_lazy("Board by %(field)s"),
            "layout-kanban",
            frozenset({"choice", "boolean"}),
            boards.draw,
            "crm/lists/_board.html",
        ),
        Shape(
            "calendar",
            gettext_lazy("Calendar by %(field)s"),
            "calendar",
            frozenset({"date", "datetime"}),
            months.draw,
            "crm/lists/_month.html",
        ),
        Shape(
            "values",
            gettext_lazy("Numbers by %(field)s"),
            "chart-bar",
            frozenset({"choice", "boolean", "text", "person", "record", "tags", "choices"}),
            values.draw,
            "crm/lists/_values.html",
        ),
    )
}


def picked(wish):
    """(shape, field) that the address or the open view asks for; None for the table. Raises BadRequest."""
    name, by = wish.params.get("shape", ""), wish.params.get("by", "")
    if not name and wish.view is not None:
        name, by = getattr(wish.view, "shape", ""), getattr(wish.view, "by", "")
    if name in {"", "table"}:
        return None
    shape, field = SHAPES.get(name), conditions.field_named(wish.page.subject, by, wish.user)
    if shape is None or field is None or not fits(shape, field):
        if not wish.params.get("shape"):
            # The view goes by a field that has gone since: it is shown as a table.
            return None
        raise BadRequest(_("This list cannot be shown that way."))
    return shape, field


def fits(shape, field):
    """Names and other texts of which each row has its own are no values to count by."""
    if field.match and not field.expression:
        # A record may have several of it: there is no one value to count by.
        return False
    return field.kind in shape.kinds and not (field.kind == "text" and field.key)


def menu(wish):
    """[(label, icon, address, current)] of all shapes of this list."""
    now = picked(wish)
    drop = {"shape": "table" if getattr(wish.view, "shape", "") else None, "by": None}
    found = [(_("Table"), "table", wish.url(**drop), now is None)]
    for shape in SHAPES.values():
        for field in conditions.fields_of(wish.page.subject, wish.user):
            if fits(shape, field):
                label = shape.label % {"field": str(field.label)}
                current = now is not None and now == (shape, field)
                found.append((label, shape.icon, wish.url(shape=shape.name, by=field.name, tot=None), current))
    return found
