"""From a record to the one before or behind it in the list from which it was opened."""

from functools import partial
from urllib.parse import urlencode

from django.core.exceptions import BadRequest
from django.db import OperationalError, connection, transaction

from crm.conditions.widgets import dump
from crm.lists.page import Wish, page_named
from crm.lists.paging import beside

KEPT = ("view", "f", "q", "sort", "cols")
PLACE = ("after", "before")
PATIENCE = "2s"


def context_of(wish):
    """Query string that takes a list's filter, order and place along to a record page."""
    kept = {"in": wish.page.name} | {name: wish.params[name] for name in KEPT + PLACE if wish.params.get(name)}
    if wish.view_key:
        # With its conditions written out, a view need not be looked up to go on.
        kept |= {"view": wish.view_key, "f": dump(wish.tree), "sort": wish.sort_text}
    return "?" + urlencode(kept)


def came_from(params, row):
    """(list, query string) named by a record page's address; None when that is no list of such records."""
    page = page_named(params.get("in", ""))
    if page is None or not isinstance(row, page.model):
        return None
    return page, "?" + urlencode({name: params[name] for name in ("in", *KEPT, *PLACE) if params.get(name)})


def way_back(params, row):
    """Address of the list a record page was opened from, as it stood there; "" when that is no list of such records."""
    found = came_from(params, row)
    if found is None:
        return ""
    kept = {name: params[name] for name in KEPT + PLACE if params.get(name)}
    return found[0].url + ("?" + urlencode(kept) if kept else "")


def neighbour(page, user, params, row, *, forward):
    """The visible row behind (or before) `row` in the order asked for; None at the end, or when the filter is too slow.

    Raises BadRequest for a filter or order that the list does not know. Works by key: two short queries at most.
    """
    wish = Wish(page, user, params)
    if "__" in wish.sort.sort:
        raise BadRequest
    ask = partial(beside, down=wish.down, natural_down=wish.sort.down, forward=forward)
    rows = wish.with_order(wish.base())
    if wish.sort.sort_by is not None:
        row = wish.with_order(page.model.objects.visible_to(user)).filter(pk=row.pk).first() or row
    if not wish.is_filtered:
        return ask(rows, wish.sort.sort, row)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = %s", [PATIENCE])
            return ask(rows, wish.sort.sort, row)
    except OperationalError:
        return None
