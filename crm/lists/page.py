"""What an app declares about a list, and what one request asks of it."""

from dataclasses import dataclass
from functools import cached_property, reduce
from operator import and_
from urllib.parse import urlencode

from django.core.exceptions import BadRequest, PermissionDenied
from django.db.models import F, Max, Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm import access, conditions, field_access
from crm.conditions.widgets import dump
from crm.lists.cells import Cells
from crm.lists.columns import columns_of
from crm.models.saved_view import SavedView
from crm.text import sort_key


@dataclass(frozen=True)
class Preset:
    """A view that comes with the program. `done` is what it says when nothing is left in it, where that is good news:
    {"title", "text"}."""

    name: str
    label: str
    tree: dict
    sort: str = ""
    kind_needed: str = ""
    done: dict | None = None


class ListPage(Cells):
    """See `crm.lists` for an example."""

    name = kind = subject = url_name = title = ""
    model = None
    columns = ()
    presets = ()
    default_sort = ""
    search_key = ""
    actions = ""
    page_size = 50
    everything = None  # name of the tab without a filter
    first_use = None
    exportable = deletable = True
    row_rights = False  # cells ask for `row.can_edit`

    @staticmethod
    def count_text(n):
        return ngettext("%(n)s record", "%(n)s records", n)

    @property
    def url(self):
        """The list's address."""
        return reverse(self.url_name)

    def columns_for(self, user):
        """The columns that the list itself declares; all of them without a user."""
        return list(self.columns)

    def rows(self):
        """The queryset before rights and filters."""
        return self.model.objects.all()

    def search(self, rows, text):
        """Rows that fit what was typed into the search box: each word somewhere in the name."""
        words = [Q(**{f"{self.search_key}__contains": word}) for word in sort_key(text).split()]
        return rows.filter(reduce(and_, words)) if words else rows

    def may(self, user, act="view"):
        """Whether the user has any right to `act` on what the list shows."""
        return access.may(user, self.kind, act)

    def require(self, user, act="view"):
        """Raise PermissionDenied unless `may()`."""
        if not self.may(user, act):
            raise PermissionDenied

    def assign(self, row, owner, by):
        """Give a locked row to somebody, or to nobody. A list whose stream tells of it says so in its own way."""
        row.assign_to(owner)
        row.save(update_fields=["owner", "team"])

    def delete(self, row, by):
        """Delete a locked row. Raises ProtectedError for one that must stay."""
        row.delete()

    @property
    def all_label(self):
        return self.everything or _("All")


_pages: dict[str, type[ListPage]] = {}
_providers: list = []


def register(page):
    """Class decorator: make a list known by its name."""
    _pages[page.name] = page
    return page


def provider(fn):
    """Decorator: `fn(name)` gives a list that is known only at run time, or None."""
    _providers.append(fn)
    return fn


def page_named(name):
    """The list, or None."""
    if name in _pages:
        return _pages[name]()
    return next((page for fn in _providers if (page := fn(name))), None)


def _single(params):
    """One text for each parameter; the columns, which the picker sends one by one, joined."""
    if not hasattr(params, "getlist"):
        return params
    single = params.dict()
    if "cols" in single:
        single["cols"] = ",".join(filter(None, params.getlist("cols")))
    return single


class Wish:
    """What a request asks of a list: view, filter, sort, columns, place. Raises BadRequest for what is not known."""

    def __init__(self, page, user, params):
        self.page, self.user, self.params = page, user, _single(params)
        self.search = self.params.get("q", "").replace("\x00", "").strip()[:100] if self._is_searched() else ""
        self.tree = self._tree()
        self.sort, self.down = self._sort()

    @cached_property
    def views(self):
        """Saved views the user sees, those of the program first."""
        return list(SavedView.objects.shown_to(self.user, self.page.name))

    @cached_property
    def presets(self):
        return [p for p in self.page.presets if self._may_open(p)]

    def _may_open(self, preset):
        if preset.kind_needed and not access.may(self.user, preset.kind_needed):
            return False
        try:
            conditions.parse(preset.tree, self.page.subject, user=self.user)
        except conditions.ConditionError:  # it asks about a field that is hidden from the user
            return False
        return preset.sort.lstrip("-") in {"", *(c.name for c in self.all_columns)}

    @cached_property
    def view(self):
        """The view that is open: a SavedView, a Preset, or None for everything."""
        asked = self.params.get("view", "")
        if asked.isdecimal():
            return next((v for v in self.views if v.pk == int(asked)), None)
        if asked:
            return next((p for p in self.presets if p.name == asked), None)
        if not self.params.keys() & {"f", "q", "sort", "view"}:
            return next((v for v in self.views if v.is_default), None)
        return None

    @property
    def view_name(self):
        return str(getattr(self.view, "name" if isinstance(self.view, SavedView) else "label", ""))

    @property
    def view_key(self):
        return str(self.view.pk) if isinstance(self.view, SavedView) else self.view.name if self.view else ""

    def _is_searched(self):
        """Whether the list has a search box; not by a column that is hidden from the user."""
        key = self.page.search_key
        return bool(key) and field_access.level_of_field(self.user, self.page.model, key) > field_access.HIDDEN

    def _tree(self):
        """What is asked for. Of a view remains what can still be asked; `gone` says how much that leaves out."""
        self.gone = 0
        if "f" not in self.params:
            raw = self.view.tree if self.view else None
            tree, self.gone = conditions.surviving(raw, self.page.subject, user=self.user)
            return tree
        try:
            return conditions.parse_text(self.params["f"], self.page.subject, user=self.user)
        except conditions.ConditionError as error:
            raise BadRequest(error.message) from None

    def _sort(self):
        asked = self.params.get("sort") or (self.view.sort if self.view else "") or self.page.default_sort
        found = self._sortable(asked)
        if found is None and not self.params.get("sort"):
            # The view sorts by a column that has gone since.
            asked, self.gone = self.page.default_sort, self.gone + 1
            found = self._sortable(asked)
        if found is None:
            raise BadRequest(_("This list cannot be sorted that way."))
        return found, asked.startswith("-")

    def _sortable(self, asked):
        return next((c for c in self.all_columns if c.name == asked.lstrip("-") and c.sort), None)

    @cached_property
    def all_columns(self):
        return columns_of(self.page, self.user)

    @cached_property
    def columns(self):
        """The columns shown: the fixed ones, then the others in the order asked for, else in the list's."""
        asked = self.params.get("cols", "")
        names = asked.split(",") if asked else (getattr(self.view, "columns", None) or [])
        if unknown := set(names) - {c.name for c in self.all_columns}:
            if asked:
                raise BadRequest(_("There is no column “%(name)s”.") % {"name": min(unknown)[:40]})
            names = [n for n in names if n not in unknown]
        if not names:
            return [c for c in self.all_columns if c.fixed or c.shown]
        known = {c.name: c for c in self.all_columns}
        fixed = [c for c in self.all_columns if c.fixed]
        return fixed + [known[n] for n in dict.fromkeys(names) if not known[n].fixed]

    @property
    def pickable(self):
        """Columns for the picker: those shown in their order, then the others."""
        shown = [c for c in self.columns if not c.fixed]
        return shown + [c for c in self.all_columns if not c.fixed and c not in shown]

    @property
    def sort_text(self):
        return f"-{self.sort.name}" if self.down else self.sort.name

    @property
    def has_totals(self):
        return any(c.adds_up for c in self.columns)

    @property
    def is_filtered(self):
        return bool(self.search) or not conditions.is_empty(self.tree)

    @property
    def differs(self):
        """Whether filter, sort or columns are others than those of the view."""
        view = self.view
        if view is None:
            return not conditions.is_empty(self.tree) or bool(self.params.keys() & {"cols", "sort", "shape"})
        saved, _gone = conditions.surviving(view.tree, self.page.subject, user=self.user)
        columns = getattr(view, "columns", None) or []
        return (
            saved != self.tree
            or (view.sort or self.page.default_sort) != self.sort_text
            or ("cols" in self.params and self.params["cols"].split(",") != columns)
            or ("shape" in self.params and self.params["shape"] != (getattr(view, "shape", "") or "table"))
            or ("by" in self.params and self.params["by"] != getattr(view, "by", ""))
        )

    def base(self):
        """Visible rows that fit, without order."""
        rows = self.page.rows().visible_to(self.user)
        if self.search:
            findable = field_access.findable(self.user, self.page.model, self.page.search_key)
            rows = self.page.search(rows.filter(findable), self.search)
        return conditions.matching(rows, self.tree, self.page.subject, user=self.user)

    def last_key(self):
        """The highest key there is: records added later stand behind it."""
        return self.page.model._base_manager.aggregate(last=Max("pk"))["last"] or 0

    def shown(self):
        """`base()` with what the columns need."""
        rows = self.base()
        related = [path for c in self.columns for path in c.related]
        for item in self.columns:
            if item.annotate:
                rows = rows.annotate(**item.annotate())
        if "__" in self.sort.sort:
            rows = rows.annotate(_sort=F(self.sort.sort))
        rows = self.with_order(rows)
        return rows.select_related(*related) if related else rows

    def with_order(self, rows):
        """The rows with what they are sorted by, where that is no column of theirs."""
        return rows if self.sort.sort_by is None else rows.annotate(**{self.sort.sort: self.sort.sort_by})

    def shown_for_editing(self):
        """`shown()` with `can_edit`, where a column is changed in its cell."""
        rows = self.shown()
        asked = self.page.row_rights or any(c.edit for c in self.columns)
        return rows.with_rights(self.user) if asked else rows

    def query(self, **changes):
        """Query string of this wish with some parameters changed; None takes one out. The place is left out."""
        kept = {
            k: self.params[k] for k in ("view", "f", "q", "sort", "cols", "tot", "shape", "by") if self.params.get(k)
        }
        kept |= changes
        kept = {k: v for k, v in kept.items() if v not in (None, "")}
        return "?" + urlencode(kept) if kept else ""

    def url(self, **changes):
        """The list's address with some parameters changed."""
        return self.page.url + self.query(**changes)

    def filtered(self, tree):
        """Address with another filter. An empty one inside a view says so, else the view's own would come back."""
        text = dump(tree) if not conditions.is_empty(tree) else ("{}" if self.view else None)
        return self.url(f=text)

    @property
    def sentence(self):
        """The filter in words, with what was typed into the search box."""
        text = conditions.sentence(self.tree, self.page.subject, user=self.user)
        return f"{text} “{self.search}”" if self.search else text

    def frozen(self):
        """The wish as JSON, for a job."""
        return {"list": self.page.name, "tree": self.tree, "q": self.search, "sort": self.sort_text,
                "cols": ",".join(c.name for c in self.columns)}  # fmt: skip


def thaw(frozen, user):
    """The wish of a job, asked by `user` now."""
    page = page_named(frozen["list"])
    # A column that is hidden from the user by now is left out; a filter or an order by it is refused.
    seen = {column.name for column in columns_of(page, user)}
    cols = ",".join(name for name in frozen["cols"].split(",") if name in seen)
    return Wish(page, user, {"f": dump(frozen["tree"]), "q": frozen["q"], "sort": frozen["sort"], "cols": cols})
