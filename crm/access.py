"""The one place that knows who may see or change a record.

A role gives, for each kind of record and each act, a level: nothing, own, team, all. Everything that shows
records (lists, counts, pickers, panels, charts, exports) starts at `visible_to(user)`; a single record is taken
with `fetch()`: 404 when it is invisible, 403 when it may only be read.
"""

from dataclasses import dataclass

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import BooleanField, ExpressionWrapper, Q, Value
from django.http import Http404
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

NONE, OWN, TEAM, ALL = range(4)
LEVELS = [(NONE, _("nothing")), (OWN, _("own")), (TEAM, _("team")), (ALL, _("all"))]
ACTS = [
    ("view", _("See")),
    ("edit", pgettext_lazy("right", "Change")),
    ("delete", pgettext_lazy("right", "Delete")),
    ("export", _("Export")),
]


@dataclass(frozen=True)
class Kind:
    """A kind of record that roles speak of. `owned` kinds know own and team, others only nothing and all."""

    name: str
    label: str
    model: type | None
    owned: bool


_kinds: dict[str, Kind] = {}
_providers: list = []


def register(name, label, model=None):
    """Make a kind known to roles. Call it in an app's extensions.py."""
    _kinds[name] = Kind(name, label, model, bool(model and issubclass(model, Owned)))


def provider(fn):
    """Decorator: `fn()` gives further kinds that are known only at run time (those that people have defined)."""
    _providers.append(fn)
    return fn


def kinds():
    """All kinds in the order of registration, then those that people have defined."""
    return [*_kinds.values(), *(kind for fn in _providers for kind in fn())]


def kind_named(name):
    """The kind, or KeyError."""
    if name in _kinds:
        return _kinds[name]
    found = next((kind for fn in _providers for kind in fn() if kind.name == name), None)
    if found is None:
        raise KeyError(name)
    return found


def rows_of(name):
    """All records of a kind, also of one that shares its table with others. Raises Http404 when it has none."""
    try:
        model = kind_named(name).model
    except KeyError:
        raise Http404
    if model is None or not hasattr(model.objects, "visible_to"):
        raise Http404
    several = getattr(model, "access_kinds", None)
    return model.objects.filter(kind=several()[name]) if several else model.objects.all()


class OwnedQuerySet(models.QuerySet):
    """Rows cut down to what a user may see or do.

    The model names its kind in `access_kind`, or the relation whose row decides in `access_through`. A table with
    records of several kinds gives {kind: value of the column `kind`} in `access_kinds()`. With `access_shared` records
    may also be opened by hand to single people (`crm.models.Collaborator`).
    """

    def visible_to(self, user):
        return self._allowed(user, "view")

    def editable_by(self, user):
        return self._allowed(user, "edit")

    def deletable_by(self, user):
        return self._allowed(user, "delete")

    def exportable_by(self, user):
        return self._allowed(user, "export")

    def with_rights(self, user):
        """Annotate `can_edit` in the same query."""
        condition = predicate(self.model, user, "edit")
        if condition is None:
            return self.annotate(can_edit=Value(True))
        return self.annotate(can_edit=ExpressionWrapper(condition, output_field=BooleanField()))

    def _allowed(self, user, act):
        condition = predicate(self.model, user, act)
        return self if condition is None else self.filter(condition)


class Owned(models.Model):
    """A record that belongs to a person and, through that person, to a team."""

    owner = models.ForeignKey(
        "crm.User", models.SET_NULL, verbose_name=_("owner"), null=True, blank=True, related_name="+"
    )
    team = models.ForeignKey(
        "crm.Team", models.SET_NULL, verbose_name=_("team"), null=True, blank=True, related_name="+"
    )

    objects = OwnedQuerySet.as_manager()

    class Meta:
        abstract = True

    def assign_to(self, owner):
        """Set owner and, with it, the team. Saving is the caller's."""
        self.owner = owner
        self.team_id = owner.team_id if owner else self.team_id


def predicate(model, user, act):
    """Condition on `model` for what `user` may `act` on; None when there is no limit."""
    if through := getattr(model, "access_through", None):
        related = model._meta.get_field(through).related_model
        inner = predicate(related, user, act)
        if inner is None:
            return None
        return Q(**{f"{through}__in": related._base_manager.filter(inner)})
    if several := getattr(model, "access_kinds", None):
        return _of_several(model, several(), user, act)
    level = user.level(model.access_kind, act)
    if level == ALL:
        return None
    if not issubclass(model, Owned):
        return Q(pk__in=[])
    if level == NONE:
        return _opened(model, user, act) or Q(pk__in=[])
    return _mine(user, level) | _opened(model, user, act)


def _of_several(model, kinds, user, act):
    """Rows of several kinds in one table: kinds with the same right stand in one condition."""
    by_level = {}
    for name, key in kinds.items():
        by_level.setdefault(user.level(name, act), []).append(key)
    found = Q(pk__in=[])
    for level, keys in by_level.items():
        if level == ALL:
            found |= Q(kind__in=keys)
        elif level != NONE:
            found |= Q(kind__in=keys) & _mine(user, level)
    seen = [key for name, key in kinds.items() if user.level(name) > NONE]
    if act in {"view", "edit"} and (opened := user.opened_ids(model._meta.label_lower, act)):
        found |= Q(pk__in=opened, kind__in=seen)
    return found


def _mine(user, level):
    return Q(owner=user.pk) if level == OWN else Q(owner=user.pk) | Q(team__in=user.team_ids)


def _opened(model, user, act):
    """What was opened by hand to this user: keys, so that the index on the key finds them; nothing for most people.

    A role that hides the whole kind keeps hiding it.
    """
    if act not in {"view", "edit"} or not getattr(model, "access_shared", False):
        return Q()
    keys = user.opened_ids(model._meta.label_lower, act) if user.level(model.access_kind) > NONE else []
    return Q(pk__in=keys) if keys else Q()


def may(user, kind, act="view"):
    """Whether the user has any right to `act` on records of that kind. Creating asks for "edit".

    A kind whose records belong to nobody knows only nothing and all: "own" and "team" give nothing there.
    """
    if not user.is_authenticated:
        return False
    # Only kinds of the program belong to nobody: whatever people define has owners.
    least = OWN if kind not in _kinds or _kinds[kind].owned else ALL
    return user.level(kind, act) >= least


def require(user, kind, act="view"):
    """Raise PermissionDenied unless `may()`."""
    if not may(user, kind, act):
        raise PermissionDenied


def fetch(queryset, user, pk, *, edit=False, delete=False, lock=False):
    """The record with that key, as far as the user may see it.

    Raises Http404 when it does not exist or is invisible, PermissionDenied when it may be seen but the wished act
    is not allowed. The two 404s cannot be told apart. With `lock` others who write it wait until the transaction ends.
    """
    if lock:
        # First and alone: in one query the joined rows could be older than the record that was waited for.
        queryset.model._base_manager.select_for_update(of=["self"]).filter(pk=pk).first()
    found = queryset.visible_to(user).with_rights(user).filter(pk=pk).first()
    if found is None:
        raise Http404
    if edit and not found.can_edit:
        raise PermissionDenied
    if delete and not queryset.deletable_by(user).filter(pk=pk).exists():
        raise PermissionDenied
    return found


def public(view):
    """A view open without sign-in. The access test lists every view that carries this mark."""
    view = login_not_required(view)
    view.is_public = True
    return view
