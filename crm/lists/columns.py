"""Columns of lists and how their cells are drawn."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from django.template.loader import get_template
from django.utils import formats
from django.utils.html import format_html, format_html_join

from crm import access, field_access, tags
from crm.templatetags import ui

NUMERIC = {"number", "money", "ago", "day", "moment", "percent"}


@dataclass(frozen=True)
class Column:
    """One column.

    The value is the attribute path `path` (`name` by default). `kind`: text number money ago day moment percent
    person record choice tags. `cell` draws it otherwise: a template that gets `row`, or a function of the row.
    `sort` is the database column to order by, `down` when the first click (and its index) goes downwards.
    `annotate()` gives {name: expression}, `related` what to join: both only while the column is shown. `total` is the
    aggregate that the foot shows until another function of the same values is chosen; `own_amount` is the column with
    the amount in the row's own `currency`, added up for each currency by itself; `currency` may also be one for all rows (in
    capitals). `phone` is the place in the two-line row (p1 to p4). `export(row)` gives the plain value for files. `edit` is the field that is changed in the cell and, unless `edit_many` is off, on
    many rows at once (see `crm.lists.cells`), by the list itself or by `editor`. `sort_by` is an expression to order
    by, known under the name `sort`. `prepare(rows)` looks up for a whole page what its cells need.
    `repeats` is the path of the column that an annotation shows: its rights count here, too.
    """

    name: str
    label: str
    kind: str = "text"
    path: str = ""
    cell: str | Callable | None = None
    sort: str = ""
    down: bool = False
    width: str = "w-130"
    shown: bool = True
    fixed: bool = False
    phone: str = ""
    annotate: Callable | None = None
    related: list | tuple = ()
    total: object = None
    currency: str = "currency"
    own_amount: str = ""
    export: Callable | None = None
    kind_needed: str = ""
    edit: str = ""
    edit_many: bool = True
    editor: object = None
    sort_by: object = None
    prepare: Callable | None = None
    repeats: str = ""

    @property
    def numeric(self):
        return self.kind in NUMERIC

    @property
    def adds_up(self):
        return self.total is not None or bool(self.own_amount)

    @property
    def classes(self):
        return " ".join(filter(None, ["num" if self.numeric else "", self.phone]))

    def value(self, row):
        """The plain value of a row."""
        found = row
        for step in (self.path or self.name).split("__"):
            found = getattr(found, step, None)
        return found

    def html(self, row):
        """The cell of a row."""
        if callable(self.cell):
            return self.cell(row)
        if self.cell:
            return _template(self.cell).render({"row": row})
        return self.show(self.value(row), row)

    def show(self, value, row=None):
        """A value of this column as people read it; an en dash for what is not known."""
        if value is None or value == "" or value == []:
            return format_html('<span class="ink-3">{}</span>', "–")
        return _SHOW[self.kind](self, value, row)

    def plain(self, row):
        """The value for a file."""
        value = self.export(row) if self.export else self.value(row)
        if self.kind == "choice" and row is not None and not self.export:
            display = getattr(row, f"get_{self.path or self.name}_display", None)
            return str(display()) if display else value
        if isinstance(value, list | tuple):
            return ", ".join(map(str, value))
        return value


def _money(column, value, row):
    from crm.models import Workspace

    # A foot has no row: what it adds up is in one currency, the column's own or the company's.
    own = column.currency if column.currency.isupper() else ""
    currency = own or (getattr(row, column.currency, "") if row is not None else "")
    return ui.money(value, currency or Workspace.get().currency)


def _choice(column, value, row):
    display = getattr(row, f"get_{column.path or column.name}_display", None)
    return str(display()) if display else str(value)


def _number(column, value, row):
    places = 0 if value == int(value) or row is None else None
    return formats.number_format(value, decimal_pos=places, force_grouping=True)


def _percent(column, value, row):
    return format_html(
        '<span class="meter-cell"><progress class="meter {}" value="{}" max="100" aria-label="{}"></progress>'
        '<span class="num">{} %</span></span>',
        ui.quality_tone(value),
        round(value),
        column.label,
        round(value),
    )


def _record(column, value, row):
    return format_html('<a href="{}">{}</a>', value.get_absolute_url(), value)


def _tags(column, value, row):
    colours = tags.colours() if column.name == "tags" else {}
    shown = ((colours.get(tag, ""), tag) for tag in value[:3])
    return format_html_join(" ", '<span class="chip {}">{}</span>', shown)


_SHOW = {
    "text": lambda column, value, row: format_html("{}", value),
    "number": _number,
    "money": _money,
    "ago": lambda column, value, row: format_html('<span class="ink-2">{}</span>', ui.ago(value)),
    "day": lambda column, value, row: format_html('<span class="ink-2">{}</span>', ui.day(value)),
    "moment": lambda column, value, row: format_html('<span class="ink-2">{}</span>', ui.day_and_clock(value)),
    "percent": _percent,
    "person": lambda column, value, row: format_html('<span class="ink-2">{}</span>', value),
    "record": _record,
    "choice": _choice,
    "tags": _tags,
}

_added: dict[str, list[Column]] = {}
_providers: dict[str, list[Callable]] = {}


@cache
def _template(name):
    return get_template(name)


def column(list_name, item):
    """Add a column to a list, also to one of an app below."""
    _added.setdefault(list_name, []).append(item)


def provider(list_name):
    """Add columns that are known only at run time: `fn(user)` gives those that the user sees, all without a user."""

    def register(fn):
        _providers.setdefault(list_name, []).append(fn)
        return fn

    return register


def columns_of(page, user=None):
    """All columns of a list, or those that the user may see."""
    found = [*page.columns_for(user), *_added.get(page.name, [])]
    for fn in _providers.get(page.name, []):
        found += fn(user)
    found = [c for c in found if user is None or not c.kind_needed or access.may(user, c.kind_needed)]
    return field_access.columns_for(user, page.model, found)


def prepare(columns, rows):
    """Look up what the cells of these rows need."""
    for item in columns:
        if item.prepare and rows:
            item.prepare(rows)
