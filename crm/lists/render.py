"""A list page: rows, tabs, filter bar, foot."""

from contextlib import contextmanager
from urllib.parse import urlencode

from django.db import OperationalError, connection, transaction
from django.shortcuts import render
from django.urls import reverse
from django.utils import formats
from django.views.decorators.vary import vary_on_headers

from crm import access, conditions
from crm.conditions.widgets import dump, tokens
from crm.lists import shapes
from crm.lists.bulk import acts_of
from crm.lists.cells import with_pencil
from crm.lists.columns import prepare
from crm.lists.page import Wish
from crm.lists.paging import Page, take
from crm.lists.steps import context_of
from crm.lists.uses import uses_of
from crm.sight import drawn

COUNTED = 1000
# A filter that needs longer is stopped: the page says so instead of keeping the database busy.
PATIENCE = "5s"


@vary_on_headers("HX-Request")
@drawn()
def index(request, page):
    """The list as a page or, for htmx, as the region that has changed. `page` is its class, or one that is made."""
    page = page() if isinstance(page, type) else page
    page.require(request.user)
    wish = Wish(page, request.user, request.GET)
    shape = shapes.picked(wish)
    body = _shaped(page, wish, shape, request) if shape else _rows(page, wish, request)
    context = {"page": page, "wish": wish, **body, **_frame(page, wish, request)}
    whole = not request.htmx or request.htmx.history_restore_request
    return render(request, "crm/lists/list.html" if whole else "crm/lists/_list.html", context)


@contextmanager
def _patiently(asked=True):
    """What takes longer than people wait is stopped."""
    with transaction.atomic():
        if asked:
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL statement_timeout = %s", [PATIENCE])
        yield


def _shaped(page, wish, picked, request):
    """The filter in another shape than a table."""
    shape, field = picked
    try:
        with _patiently():
            drawn = shape.draw(wish, field, request.GET)
    except OperationalError:
        return _too_slow()
    n = formats.number_format(drawn["count"], force_grouping=True)
    return {
        "rows": [],
        "place": Page([]),
        "count": drawn["count"],
        "count_text": page.count_text(drawn["count"]) % {"n": n},
        "shape": shape,
        "by": field,
        "drawn": drawn,
    }


def _too_slow():
    return {"rows": [], "place": Page([]), "too_slow": True, "count_text": "–"}


def _rows(page, wish, request):
    try:
        with _patiently(wish.is_filtered):
            found = take(
                wish.shown_for_editing(),
                wish.sort.sort,
                down=wish.down,
                natural_down=wish.sort.down,
                size=page.page_size,
                after=request.GET.get("after", ""),
                before=request.GET.get("before", ""),
                salt=page.name,
            )
            count = _counted(wish, found, request)
    except OperationalError:
        return _too_slow()
    from_here = context_of(wish)
    for row in found.rows:
        row.in_list = from_here
    prepare(wish.columns, found.rows)
    rows = [(row, [(c, with_pencil(page, c, row)) for c in wish.columns]) for row in found.rows]
    more = count > COUNTED
    shown = formats.number_format(min(count, COUNTED), force_grouping=True) + ("+" if more else "")
    return {
        "rows": rows,
        "place": found,
        "count": count,
        "counted_more": more,
        "count_text": page.count_text(min(count, COUNTED)) % {"n": shown},
        "first_use": not count and not wish.is_filtered,
    }


def _counted(wish, found, request):
    """How many rows fit, as far as a thousand; a first page with nothing behind it is its own count."""
    if not found.after and not request.GET.get("after") and not request.GET.get("before"):
        return len(found.rows)
    return wish.base().order_by().values("pk")[: COUNTED + 1].count()


def _frame(page, wish, request):
    user = request.user
    bar = [
        {
            "token": token,
            "drop": wish.filtered(token.without),
            "edit": _token_url(page, wish, token.index),
        }
        for token in tokens(wish.tree, page.subject, user=user)
    ]
    named = conditions.subject_named(page.subject)
    return {
        "bar": bar,
        "subject_label": named.label if named else page.title,
        "add_url": _token_url(page, wish, "new"),
        "builder_url": _token_url(page, wish, "all"),
        "heads": [_head(wish, c) for c in wish.columns],
        "tabs": _tabs(wish),
        "shapes": shapes.menu(wish),
        "uses": uses_of(wish),
        "views_url": reverse("list_views", args=[page.name]),
        "clear_url": wish.url(f="{}" if wish.view else None, q=None),
        "foot_url": reverse("list_foot", args=[page.name]) + wish.query(),
        "export_url": reverse("list_export", args=[page.name]) + wish.query()
        if page.exportable and access.may(user, page.kind, "export")
        else "",
        "acts": acts_of(page, user),
        "may_share": access.may(user, "settings", "edit"),
        "acts_query": wish.query(),
        "f": dump(wish.tree),
        "own_view": getattr(wish.view, "pk", None) and wish.view.may_change(user),
        "saved_view": wish.view if getattr(wish.view, "pk", None) else None,
    }


def _token_url(page, wish, index):
    query = {"f": dump(wish.tree), "i": index, "back": wish.url(f=None)}
    return reverse("conditions_token", args=[page.subject]) + "?" + urlencode(query)


def _head(wish, column):
    """A column's heading: where a click sorts it and how it is sorted now."""
    now = column is wish.sort
    down = not wish.down if now else column.down
    return {
        "column": column,
        "url": wish.url(sort=f"-{column.name}" if down else column.name) if column.sort else "",
        "order": ("descending" if wish.down else "ascending") if now else "",
    }


def _tabs(wish):
    page, open_key = wish.page, wish.view_key
    base = page.url
    has_default = any(v.is_default for v in wish.views)
    tabs = [{"label": page.all_label, "url": f"{base}?view=all" if has_default else base, "current": not open_key}]
    for view in wish.presets:
        tabs.append({"label": view.label, "url": f"{base}?view={view.name}", "current": open_key == view.name})
    for view in wish.views:
        current = open_key == str(view.pk)
        tabs.append(
            {"label": view.name, "url": f"{base}?view={view.pk}", "current": current, "default": view.is_default}
        )
    return tabs
