"""Paging by key: a page starts behind a row, not at a number, so page 500 costs what page 1 does."""

from copy import copy
from dataclasses import dataclass

from django.core import signing
from django.core.exceptions import BadRequest, FieldDoesNotExist
from django.db.models import F, Q
from django.utils.translation import gettext as _

SALT = "crm.lists.cursor"


@dataclass
class Page:
    """Rows of one page, and the cursors of its neighbours ("" where there is none)."""

    rows: list
    before: str = ""
    after: str = ""


def take(rows, sort, *, down, natural_down, size, after="", before="", salt=""):
    """The page of `rows` behind the cursor `after` or in front of `before`.

    Ordered by the column `sort` and then by key, unknown values last. Raises BadRequest for a cursor that was not
    made here for this list and order.
    """
    order = _Order(rows, sort, down, natural_down, salt)
    backwards = bool(before)
    cursor = order.read(after or before) if after or before else None
    found = order.fetch(rows, cursor, backwards, size + 1)
    more, found = len(found) > size, found[:size]
    if backwards:
        found.reverse()
    if not found:
        # What stood behind the cursor is gone: the beginning is better than an empty page.
        first = cursor is not None and take(rows, sort, down=down, natural_down=natural_down, size=size, salt=salt)
        return first or Page([])
    return Page(
        found,
        before=order.cursor(found[0]) if (more if backwards else bool(after)) else "",
        after=order.cursor(found[-1]) if (more or backwards) else "",
    )


def beside(rows, sort, row, *, down, natural_down, forward):
    """The row of `rows` right behind `row` (or right before it) in that order; None when there is none.

    `row` itself need not be among `rows`.
    """
    order = _Order(rows, sort, down, natural_down, "")
    found = order.fetch(rows, (getattr(row, sort), row.pk), not forward, 1)
    return found[0] if found else None


class _Order:
    def __init__(self, rows, path, down, natural_down, salt):
        self.path, self.down, self.salt = path, down, f"{SALT}:{salt}"
        # An index made in one direction is read backwards in the other; its end of unknown values moves along.
        self.natural = down == natural_down
        self.column, self.nullable = _column(rows, path)

    def fetch(self, rows, cursor, backwards, n):
        """Up to `n` rows in reading order from the cursor: those with a value first, then those without."""
        parts = ["known", "unknown"] if self.nullable else ["known"]
        if backwards:
            parts.reverse()
        if cursor is not None:
            at = "unknown" if cursor[0] is None else "known"
            parts = parts[parts.index(at) :]
        found = []
        for index, part in enumerate(parts):
            here = self._part(rows, part, backwards)
            if cursor is not None and index == 0:
                here = here.filter(self._behind(part, cursor, backwards))
            found += here[: n - len(found)]
            if len(found) >= n:
                break
        return found

    def _part(self, rows, part, backwards):
        down = self.down != backwards
        tie = "-pk" if down else "pk"
        if part == "unknown":
            return rows.filter(**{f"{self.path}__isnull": True}).order_by(tie)
        if not self.nullable:
            return rows.order_by(F(self.path).desc() if down else F(self.path).asc(), tie)
        last = self.natural != backwards
        ends = {"nulls_last": True} if last else {"nulls_first": True}
        rows = rows.filter(**{f"{self.path}__isnull": False})
        return rows.order_by(F(self.path).desc(**ends) if down else F(self.path).asc(**ends), tie)

    def _behind(self, part, cursor, backwards):
        value, key = cursor
        than = "lt" if self.down != backwards else "gt"
        if part == "unknown":
            return Q(**{f"pk__{than}": key})
        # The first bound is what an index can use, the rest settles ties.
        bound = Q(**{f"{self.path}__{than}e": value})
        return bound & (Q(**{f"{self.path}__{than}": value}) | Q(**{f"pk__{than}": key}))

    def cursor(self, row):
        value = getattr(row, "_sort" if "__" in self.path else self.path)
        return signing.dumps(
            [None if value is None else self.column.value_to_string(_Holder(self.column, value)), row.pk],
            salt=self._salt,
        )

    def read(self, text):
        try:
            value, key = signing.loads(text, salt=self._salt)
            return (None if value is None else self.column.to_python(value)), int(key)
        except (signing.BadSignature, ValueError, TypeError):
            raise BadRequest(_("This page of the list is no longer valid. Start from its first page.")) from None

    @property
    def _salt(self):
        return f"{self.salt}:{self.path}:{self.down}"


class _Holder:
    """Lends a value to `Field.value_to_string`, which asks an object."""

    def __init__(self, column, value):
        setattr(self, column.attname, value)


def _column(rows, path):
    """The model field at the end of a path, or what an annotation gives, and whether that may be nothing."""
    nullable, model = False, rows.model
    if path in rows.query.annotations:
        column = copy(rows.query.annotations[path].output_field)
        column.attname = path
        return column, True
    for step in path.split("__"):
        try:
            column = model._meta.get_field(step)
        except FieldDoesNotExist:
            raise BadRequest(_("This list cannot be sorted that way.")) from None
        nullable = nullable or column.null
        model = column.related_model or model
    return column, nullable
