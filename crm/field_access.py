"""Field-level rights: which fields of a record a role lets people change, only see, or not see at all.

`crm.access` says which records, this module which of their fields. Every field may be changed by whoever may change the
record, unless each of the person's roles that shows such records limits it; of several roles the widest right counts.
An app names the fields that can be limited, with every column of a model that holds or repeats them:

    field_access.guard("contact", "birthday", _("Birthday"), fields={Contact: ["birthday_on", "birthday_words"]})

From that follow lists, sorting, totals, boards, filters, saved views, segments, feeds, alerts and exports (`shows`,
`columns_for`), forms and edits in place (`limit`, `require`), the audit trail and the timeline (`hides_change`), and what
pages read of a row (`crm.sight`). Custom fields join by themselves. A field on which the program itself relies (a name,
an owner, a stage) cannot be limited. `tests/test_field_access.py` hides each field and looks for it on every route.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from django.core.exceptions import FieldDoesNotExist, PermissionDenied
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

HIDDEN, VIEW, EDIT = range(3)
LEVELS = [
    (EDIT, gettext_lazy("see and change")),
    (VIEW, gettext_lazy("only see")),
    (HIDDEN, gettext_lazy("hidden")),
]


@dataclass(frozen=True)
class Guard:
    """A field that roles can limit. `fields` are the columns of models that hold it: {model: names}.

    `when(row)` narrows it to some rows of a model: then `asks` names what may not be asked about all of them
    ("subject.field" of the condition language). `data` is what events say of it ("kind.key").
    """

    kind: str
    name: str
    label: str
    fields: dict = field(default_factory=dict)
    asks: tuple = ()
    data: tuple = ()
    when: Callable | None = None

    def hides(self, user, row):
        """Whether a row may not show the field to the user."""
        return not may_see(user, self.kind, self.name) and (self.when is None or self.when(row))


_guards: dict[tuple, Guard] = {}
_providers: dict[str, Callable] = {}
_sources: list[Callable] = []
# Which guards stand before a question, a column of a model or a part of an event: {place: [guard]}.
_asks: dict[str, list] = {}
_fields: dict[tuple, list] = {}
_data: dict[str, list] = {}
_stand_ins: dict[tuple, list] = {}


def guard(kind, name, label, *, fields=None, asks=(), data=(), when=None):
    """Let roles limit a field. Called again (by an app above) it names further places that repeat the field."""
    from crm import sight

    before = _guards.get((kind, name))
    item = Guard(kind, name, label or before.label, fields or {}, tuple(asks), tuple(data), when)
    _guards[kind, name] = before or item
    for places, named in ((_asks, asks), (_data, data)):
        for place in named:
            places.setdefault(place, []).append(item)
    for model, names in item.fields.items():
        for attribute in names:
            _fields.setdefault((model, attribute), []).append(item)
            sight.watch(model, attribute, item)


def stands_in(model, column, kind, name, rows):
    """Say that in some rows (a Q) a column by which records are found repeats a field: the address of one without a name."""
    _stand_ins.setdefault((model, column), []).append((kind, name, rows))


def findable(user, model, column):
    """Q of the rows that the user may look for by a column: not those in which it only repeats what is hidden from him."""
    found = Q()
    for kind, name, rows in _stand_ins.get((model, column), ()):
        if not may_see(user, kind, name):
            found &= ~rows
    return found


def own_fields(kind, fn):
    """Name the fields that people have defined: `fn()` gives [(name, label)] of a kind."""
    _providers[kind] = fn


def own_fields_of(fn):
    """Decorator: `fn(kind)` gives the same of kinds that are known only at run time, [] for others."""
    _sources.append(fn)
    return fn


def guarded(kind):
    """[(name, label)] of the fields of a kind that roles can limit."""
    found = [(item.name, item.label) for item in _guards.values() if item.kind == kind]
    if kind in _providers:
        return found + _providers[kind]()
    return found + [named for fn in _sources for named in fn(kind)]


def guards():
    """All guards of built-in fields."""
    return list(_guards.values())


def limits_of(roles):
    """{kind: {field: level}} of what these roles together limit: only a field that all of them limit."""
    found = {}
    for kind in {kind for role in roles for kind in role.fields}:
        # A role that shows no such record says nothing about its fields.
        told = [role.fields.get(kind, {}) for role in roles if role.level(kind, "view")]
        told = told or [role.fields.get(kind, {}) for role in roles]
        for name in set.intersection(*map(set, told)):
            if (level := max(int(limits[name]) for limits in told)) < EDIT:
                found.setdefault(kind, {})[name] = level
    return found


def level(user, kind, name):
    """What the user may do with a field: HIDDEN, VIEW or EDIT. Without a user (jobs, rules) nothing is limited."""
    if user is None or not user.is_authenticated:
        return EDIT
    return user.field_limits.get(kind, {}).get(name, EDIT)


def may_see(user, kind, name):
    return level(user, kind, name) > HIDDEN


def may_change(user, kind, name):
    return level(user, kind, name) == EDIT


def require(user, kind, name):
    """Raise PermissionDenied, in words, unless the user may change the field."""
    if not may_change(user, kind, name):
        raise PermissionDenied(refusal(dict(guarded(kind)).get(name, name)))


def refusal(label):
    """What somebody reads who tried all the same."""
    return _("“%(field)s” may not be changed with your roles. Ask an administrator.") % {"field": label}


def limited(user, kind):
    """[(name, label, level)] of the fields of a kind that are limited for the user."""
    limits = user.field_limits.get(kind, {})
    return [(name, label, limits[name]) for name, label in guarded(kind) if name in limits]


def hidden(user, kind):
    """Names of the fields of a kind that are hidden from the user."""
    return {name for name, level in user.field_limits.get(kind, {}).items() if level == HIDDEN}


# Places


def shows(user, subject, model, item):
    """Whether the user may ask about a field of the condition language; `model` is that of its subject, or None."""
    if user is None or not user.is_authenticated or not user.field_limits:
        return True
    named = _level_of(user, _asks.get(f"{subject}.{item.name}"))
    path = getattr(item, "path", "") or item.name
    return min(named, _level_of_path(user, model, path) if model else EDIT) > HIDDEN


def columns_for(user, model, columns):
    """Those columns of a list whose fields the user sees; what may only be seen is not edited in its cell."""
    if user is None or not user.field_limits:
        return columns
    found = []
    for column in columns:
        given = level_of_column(user, model, column)
        if given == VIEW:
            column = replace(column, edit="")
        found += [column] if given > HIDDEN else []
    return found


def level_of_column(user, model, column):
    """What the user may do with a column of a list: with all that it shows, is ordered by and edits."""
    names = {column.path or column.name, column.edit, column.sort, column.own_amount, column.repeats} - {""}
    return min(_level_of_path(user, model, name) for name in names)


def level_of_field(user, model, name):
    """What the user may do with a column of all rows of a model."""
    return _level_of(user, [item for item in _fields.get((model, name), ()) if item.when is None])


def hides_row(user, model, row):
    """Whether a row (also one of its earlier versions) as a whole is what the user may not see: a phone, say."""
    items = [item for (of, _name), found in _fields.items() if of is model for item in found if item.when]
    return any(item.hides(user, row) for item in items)


def hides_change(user, label, name):
    """Whether a change of a field ("contacts.contact", "phone") is told to the user without its value."""
    own = any(name in limits and not limits[name] for limits in user.field_limits.values() if name.startswith("cf_"))
    places = [items for (of, column), items in _fields.items() if column == name and of._meta.label_lower == label]
    return own or any(_level_of(user, items) == HIDDEN for items in places)


def hides_data(user, kind, key):
    """Whether what events of that kind say under a key is hidden from the user."""
    return _level_of(user, [*_data.get(f"{kind}.{key}", ()), *_data.get(f"*.{key}", ())]) == HIDDEN


def _level_of_path(user, model, path):
    """What the user may do with what stands at a path of columns: "email", "deal__contact__email"."""
    *relations, last = path.split("__")
    for step in relations:
        try:
            model = model._meta.get_field(step).related_model
        except FieldDoesNotExist:
            model = None
        if model is None:
            return EDIT
    return level_of_field(user, model, last)


def _level_of(user, items):
    return min((level(user, item.kind, item.name) for item in items or ()), default=EDIT)


# Forms


def limit(form, kind, user, model=None):
    """Take out of a form what the user may not see, and lock what he may only see.

    Raises PermissionDenied when the request all the same holds such a field, or another value for a locked one:
    nothing is changed then. Call it before the form's layout is made.
    """
    if user is None or not user.field_limits:
        return
    model = model or form._meta.model
    is_new = form.instance.pk is None
    for name in list(form.fields):
        given = min(level_of_field(user, model, name), level(user, kind, name))
        if given == EDIT:
            continue
        is_sent = form.is_bound and form.add_prefix(name) in form.data
        # To tell by the answer whether a guess was right would give a hidden value away.
        if is_sent and (given == HIDDEN or form[name]._has_changed()):
            raise PermissionDenied(refusal(form.fields[name].label))
        if given == HIDDEN or is_new:
            del form.fields[name]
        else:
            form.fields[name].disabled = True
            form.fields[name].help_text = _("Only to be seen with your roles.")
