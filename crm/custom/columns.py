"""Custom fields as columns of lists: drawn, sorted, added up, changed in the cell and on many rows."""

from functools import partial

from django.db.models import Sum
from django.utils.html import format_html
from django.utils.text import Truncator

from crm.custom import definitions, sql, values
from crm.custom.editing import Editor
from crm.lists.columns import Column
from crm.models import CustomField

Kind = CustomField.Kind
_KINDS = {Kind.NUMBER: "number", Kind.MONEY: "money", Kind.DATE: "day", Kind.DATETIME: "moment", Kind.CHOICES: "tags"}
CUT = 120


def columns_for(subject, user):
    """A column for each field that the user sees."""
    return [_column(subject, field, user) for field in definitions.fields_of(subject, user)]


def _column(subject, field, user):
    order, is_money = sql.order(field), field.kind == Kind.MONEY
    return Column(
        field.name,
        field.label,
        kind=_KINDS.get(values.shape(field), "text"),
        cell=partial(_cell, field),
        export=partial(_plain, field),
        sort=f"{field.name}_order" if order is not None else "",
        sort_by=order,
        shown=False,
        prepare=partial(_look_up, field, user) if field.is_reference else None,
        total=Sum(sql.value(field)) if field.kind in {Kind.NUMBER, Kind.MONEY} else None,
        currency=field.money_currency if is_money else "",
        edit=field.name if field.kind != Kind.FILE and field.editable_by(user) else "",
        editor=Editor(subject),
    )


def _look_up(field, user, rows):
    """The colleagues or records that a page of rows names, in one query."""
    found = values.names_of([(field, row.custom.get(field.key)) for row in rows], user)
    for row in rows:
        row.custom_names = getattr(row, "custom_names", {}) | found


def _cell(field, row):
    stored, names = values.held(field, row), getattr(row, "custom_names", {})
    if stored is None:
        return format_html('<span class="ink-3">{}</span>', "–")
    shown = values.html(field, stored, names)
    if field.kind == Kind.LONG:
        return Truncator(stored).chars(CUT)
    url = values.url(field, stored, names)
    if not url:
        return shown
    outside = field.kind == Kind.LINK
    return format_html('<a class="link" href="{}"{}>{}</a>', url, _OUTSIDE if outside else "", shown)


_OUTSIDE = format_html(' rel="{}"', "noopener nofollow")


def _plain(field, row):
    stored = values.held(field, row)
    if stored is None:
        return None
    if values.shape(field) in {Kind.NUMBER, Kind.MONEY, Kind.DATE, Kind.DATETIME}:
        return values.typed(field, stored)
    return values.text(field, stored, getattr(row, "custom_names", {}))
