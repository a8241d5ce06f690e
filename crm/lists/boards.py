"""A list as a board: a lane for each choice of a field, with true counts of the whole filter and the first cards."""

from dataclasses import dataclass, field

from django.db.models import Count, IntegerField, Sum, Value
from django.utils.translation import gettext as _

from crm.conditions import matching
from crm.conditions.operands import value_of
from crm.lists.columns import prepare
from crm.lists.drill import drill
from crm.lists.steps import context_of

CARDS = 20
LANES = 24


@dataclass
class Lane:
    """One choice; `value` "" is the lane of those that have none. `total` is in the company's currency."""

    value: str
    label: str
    url: str
    node: dict
    count: int = 0
    total: object = None
    cards: list = field(default_factory=list)

    @property
    def more(self):
        return max(0, self.count - len(self.cards))


def draw(wish, item, params):
    """One grouped query for all figures, one for all cards."""
    lanes = _lanes(wish, item)
    money = next((c for c in wish.all_columns if c.kind == "money" and isinstance(c.total, Sum)), None)
    for value, n, total in _figures(wish, item, money):
        if lane := lanes.get(_text(value)):
            lane.count, lane.total = lane.count + n, total if money else None
    shown = [lane for lane in lanes.values() if lane.value or lane.count][:LANES]
    mover = _mover(wish, item)
    _deal_out(wish, item, shown, with_rights=mover is not None)
    columns = _card_columns(wish)
    prepare(columns, [card for lane in shown for card in lane.cards])
    return {
        "lanes": shown,
        "mover": mover,
        "money": money,
        "count": sum(lane.count for lane in lanes.values()),
        "card_columns": columns,
    }


def _lanes(wish, item):
    options = [("true", _("yes")), ("false", _("no"))] if item.kind == "boolean" else item.options()
    lanes = {}
    for value, label in options:
        node = {"field": item.name, "op": "is", "value": value}
        lanes[str(value)] = Lane(str(value), label, drill(wish, node), node)
    node = {"field": item.name, "op": "empty"}
    if "empty" in item.operators:
        lanes[""] = Lane("", _("without: %(field)s") % {"field": item.label}, drill(wish, node), node)
    return lanes


def _figures(wish, item, money):
    rows = wish.base().order_by().annotate(_lane=value_of(item, wish.page.subject)).values("_lane")
    rows = rows.annotate(n=Count("pk"))
    if money:
        rows = rows.annotate(total=money.total)
    return [(row["_lane"], row["n"], row.get("total")) for row in rows]


def _card_columns(wish):
    """What the two-line row of a phone shows, in its order."""
    found = [c for c in wish.all_columns if c.phone in {"p1", "p2", "p3"} and not c.annotate]
    return sorted(found, key=lambda c: ("p1", "p3", "p2").index(c.phone))


def _text(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _deal_out(wish, item, lanes, *, with_rights):
    """The first cards of all lanes with one query."""
    parts = []
    base = wish.shown()
    base = base.with_rights(wish.user) if with_rights else base
    order = f"-{wish.sort.sort}" if wish.down else wish.sort.sort
    for place, lane in enumerate(lanes):
        if lane.count:
            rows = matching(base, {"all": [lane.node]}, wish.page.subject, user=wish.user)
            rows = rows.annotate(_place=Value(place, output_field=IntegerField()))
            parts.append(rows.order_by(order, "pk")[:CARDS])
    if not parts:
        return
    first, *others = parts
    context = context_of(wish)
    for row in first.union(*others, all=True) if others else first:
        row.in_list = context
        lanes[row._place].cards.append(row)


def _mover(wish, item):
    """The column in which the field may be written, if there is one: its cards can be moved."""
    # The path of an own field is its key, which may be what a column of the list is called.
    path = item.name if item.name.startswith("cf_") else item.path or item.name
    found = next((c for c in wish.all_columns if c.edit and path in {c.edit, f"{c.edit}_id"}), None)
    return found if found and wish.page.may(wish.user, "edit") else None
