"""The foot of a list: exact figures of the whole filter and of visible rows only. Currencies are never added up."""

from django.core.exceptions import BadRequest
from django.db.models import Avg, Count, Max, Min, Sum
from django.urls import reverse
from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.lists.bulk import acts_of
from crm.templatetags import ui

FUNCTIONS = {
    "sum": (Sum, gettext_lazy("sum")),
    "avg": (Avg, gettext_lazy("avg")),
    "min": (Min, gettext_lazy("min")),
    "max": (Max, gettext_lazy("max")),
}
CURRENCIES = 20


def foot(wish):
    """Cells of the foot, the count, and the acts that give the table its first column."""
    wanted = wished(wish)
    rows = wish.base()
    for item in wish.columns:
        if item.total is not None and item.annotate:
            rows = rows.annotate(**item.annotate())
    totals = {f"t_{c.name}": aggregate_of(c, wanted.get(c.name)) for c in wish.columns if c.total is not None}
    found = rows.aggregate(n=Count("pk"), **totals)
    cells = [_cell(wish, c, wanted, found, rows) for c in wish.columns]
    text = wish.page.count_text(found["n"]) % {"n": formats.number_format(found["n"], force_grouping=True)}
    return {"cells": cells, "count": found["n"], "count_text": text, "acts": acts_of(wish.page, wish.user)}


def wished(wish):
    """{column: function} as the address asks ("score.max,amount.avg"). Raises BadRequest for what there is not."""
    found = {}
    for part in filter(None, wish.params.get("tot", "").split(",")):
        name, _dot, function = part.partition(".")
        column = next((c for c in wish.all_columns if c.name == name and c.adds_up), None)
        if column is None or function not in FUNCTIONS:
            raise BadRequest(_("This column has no such total."))
        found[name] = function
    return found


def aggregate_of(column, function=None):
    """A column's own aggregate, or another function of the same values."""
    if function is None:
        return column.total
    return FUNCTIONS[function][0](*column.total.source_expressions, filter=column.total.filter)


def _cell(wish, column, wanted, found, rows):
    if not column.adds_up:
        return {"column": column}
    function = wanted.get(column.name) or usual(column)
    value = found.get(f"t_{column.name}")
    parts = _by_currency(column, function, rows) if column.own_amount else []
    figure = "" if value is None else f"{round(value)} %" if column.kind == "percent" else column.show(value)
    if column.total is None:
        figure = " · ".join(str(text) for text in parts[:2]) + (" …" if len(parts) > 2 else "")
    return {
        "column": column,
        "says": FUNCTIONS[function][1],
        "figure": figure,
        "options": [_option(wish, column, wanted, name, name == function) for name in FUNCTIONS],
        # Of one currency alone the figure itself says everything.
        "parts": parts if len(parts) > 1 else [],
    }


def usual(column):
    """The function that a column shows until another is chosen."""
    if column.total is None:
        return "avg"
    return next(name for name, (cls, _says) in FUNCTIONS.items() if type(column.total) is cls)


def _option(wish, column, wanted, function, current):
    chosen = {**wanted, column.name: function}
    text = ",".join(f"{name}.{fn}" for name, fn in sorted(chosen.items()))
    return {
        "label": FUNCTIONS[function][1],
        "current": current,
        "list_url": wish.url(tot=text),
        "foot_url": reverse("list_foot", args=[wish.page.name]) + wish.query(tot=text),
    }


def _by_currency(column, function, rows):
    """The figure of each currency's own amounts."""
    grouped = rows.order_by().values_list(column.currency).annotate(v=FUNCTIONS[function][0](column.own_amount))
    found = grouped.filter(v__isnull=False).order_by(column.currency)[:CURRENCIES]
    return [ui.money(value, currency) for currency, value in found]
