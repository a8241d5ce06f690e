"""A list as figures: how many rows each value of a field has, and the way to them."""

from django.db.models import Count, F, Func, Sum
from django.utils.translation import gettext as _

from crm.conditions.operands import value_of
from crm.conditions.sentence import people_names, record_names
from crm.lists.drill import drill

MOST = 60


def draw(wish, item, params):
    """The commonest values with count, share and, where the list has money, its sum in the company's currency."""
    money = next((c for c in wish.all_columns if c.kind == "money" and isinstance(c.total, Sum)), None)
    rows = wish.base().order_by()
    several = item.kind in {"tags", "choices"}
    value = Func(F(item.path or item.name), function="unnest") if several else value_of(item, wish.page.subject)
    if several and item.json:
        value = Func(value_of(item, wish.page.subject), function="jsonb_array_elements_text")
    grouped = rows.annotate(_v=value).values("_v").annotate(n=Count("pk"))
    if money and not several:
        grouped = grouped.annotate(total=money.total)
    found = list(grouped.order_by("-n", "_v")[: MOST + 1])
    found, more = found[:MOST], len(found) > MOST
    count = rows.aggregate(n=Count("pk"))["n"] if several or more else sum(row["n"] for row in found)
    names = _names(item, [row["_v"] for row in found], wish.user)
    most = max((row["n"] for row in found), default=1)
    return {
        "bars": [_bar(wish, item, row, names, most, count) for row in found],
        "money": money if not several else None,
        "count": count,
        "more": more,
        "field": item,
    }


def _bar(wish, item, row, names, most, count):
    value = row["_v"]
    empty = value is None or value == ""
    if empty:
        node = {"field": item.name, "op": "empty"}
    elif item.kind in {"tags", "choices"}:
        node = {"field": item.name, "op": "has_any", "value": [value]}
    else:
        node = {"field": item.name, "op": "is", "value": value}
    return {
        "label": _("without: %(field)s") % {"field": item.label} if empty else names.get(value, str(value)),
        "empty": empty,
        "n": row["n"],
        "total": row.get("total"),
        "width": round(100 * row["n"] / most),
        "share": round(100 * row["n"] / count) if count else 0,
        "url": drill(wish, node),
    }


def _names(item, values, user):
    """{value: words} where the value itself is not what people read."""
    keys = [v for v in values if v is not None]
    if item.kind == "person":
        return people_names(keys)
    if item.kind == "record":
        return {k: record_names(item, keys, user).get(k, _("not visible to you")) for k in keys} if keys else {}
    if item.kind == "boolean":
        return {True: _("yes"), False: _("no")}
    return {value: str(label) for value, label in item.options()}
