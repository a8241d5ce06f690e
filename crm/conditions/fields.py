"""What may be asked about each subject. Filled by the apps' extensions.py."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from dataclasses import field as _field

from crm import access, events, field_access
from crm.conditions.operators import BY_KIND


@dataclass(frozen=True)
class Field:
    """One thing to ask about a subject.

    `path` is where the value stands (an ORM path over single-valued relations; the name by default); `json` names a
    JSON column that holds it under `path` instead; `expression()` computes it. With `strays` (least, most) that differs
    from the column in `path` by no more, whose index then narrows the search. `key` is a normalised twin of a text
    (crm.text.sort_key) to compare with. `exact` text is compared as it is written, text that is stored in one form with
    what `normal(text)` makes of the other side. `choices` is a list of
    (value, label) or a function giving one. `subject` names what a record field points to. `match(values, context)`
    gives the predicate of a membership field. `kind_needed` hides the field from those who may not see that kind.
    `says` overrides how an operator reads: {"is": _("owned by {value}")}. `place` is how the value stands right behind
    the subject of a sentence: _("in {value}"). `whole_if` names a truth value without which a date is only a day of the
    year: such dates have anniversaries and are neither before nor after anything. `currency` is that of an amount
    that is not in the company's. Of a number with `nothing_is_zero`, who has none has 0. `asked_by(user)` says who may ask about it.
    """

    name: str
    label: str
    kind: str = "text"
    path: str = ""
    json: str = ""
    expression: Callable | None = None
    strays: tuple = ()
    key: str = ""
    exact: bool = False
    normal: Callable | None = None
    choices: list | tuple | Callable = ()
    subject: str = ""
    match: Callable | None = None
    group: str = ""
    kind_needed: str = ""
    says: dict = _field(default_factory=dict)
    place: str = ""
    whole_if: str = ""
    currency: str = ""
    nothing_is_zero: bool = False
    asked_by: Callable | None = None

    def options(self):
        """(value, label) pairs to choose from; empty where any value may be given."""
        return list(self.choices() if callable(self.choices) else self.choices)

    @property
    def operators(self):
        """Operators by name, in the order of the menu."""
        return BY_KIND[self.kind]


@dataclass(frozen=True)
class Relation:
    """Rows of another subject that point here: "has", "has no", how many, for how much, where.

    `link` is the column of the other model that holds this subject's key; `at` its moment or day, `amount` its money
    in the company's currency. `rows()` narrows what counts (only paid orders, say). Where both are tied by rows of a
    third table, `through(rows)` gives those of them that lead to `rows`, and `link` is their column.
    """

    name: str
    label: str
    subject: str
    link: str
    at: str = ""
    amount: str = ""
    says: str = ""
    says_not: str = ""
    rows: Callable | None = None
    kind_needed: str = ""
    group: str = ""
    through: Callable | None = None


@dataclass(frozen=True)
class Behaviour:
    """A kind of event that people may ask for: did, did not, how often, since when, where."""

    name: str
    label: str
    says: str = ""
    says_not: str = ""
    fields: list = _field(default_factory=list)


@dataclass(frozen=True)
class Subject:
    """A kind of record that can be filtered. `event_link` is the column of the stream that names it.

    `who` and `whose` begin a clause about what it did and what it is: _("who %(what)s"). Without them a sentence
    puts its conditions behind "where".
    """

    name: str
    model: type
    label: str
    event_link: str = ""  # contact_id | company_id | target_id
    who: str = ""
    whose: str = ""
    rows: Callable | None = None  # where the model has records of other subjects too
    kind: str = ""  # what roles call it, where it is not the model's `access_kind`

    def all(self):
        """Every record of the subject."""
        return self.rows() if self.rows else self.model._default_manager.all()

    @property
    def access_kind(self):
        return self.kind or getattr(self.model, "access_kind", "")


_subjects: dict[str, Subject] = {}
_fields: dict[str, dict[str, Field]] = {}
_relations: dict[str, dict[str, Relation]] = {}
_behaviours: dict[str, Behaviour] = {}
_providers: dict[str, list[Callable]] = {}
_sources: list = []


def subject(item):
    """Register a subject."""
    _subjects[item.name] = item


def field(subject_name, item):
    """Add a field to a subject, also to one of an app below."""
    _fields.setdefault(subject_name, {})[item.name] = item


def relation(subject_name, item):
    """Add a relation to a subject."""
    _relations.setdefault(subject_name, {})[item.name] = item


def behaviour(item):
    """Make a kind of event askable with words and fields of its own."""
    _behaviours[item.name] = item


def provider(subject_name):
    """Decorator: `fn()` gives further Fields at run time (fields that people have defined)."""

    def register(fn):
        _providers.setdefault(subject_name, []).append(fn)
        return fn

    return register


def source(item):
    """Subjects that are known only at run time: an object with `subject_named(name)` (or None), `fields_of(name)` and
    `relations_of(name)`. It may also add to the subjects of the apps.
    """
    _sources.append(item)
    return item


def subject_named(name):
    """The subject, or None. "event:KIND" is the subject of what stands in the data of such events."""
    if name.startswith("event:"):
        from crm.models.event import Event

        return Subject(name, Event, "")
    if name in _subjects:
        return _subjects[name]
    return next((found for item in _sources if (found := item.subject_named(name))), None)


def fields_of(subject_name, user=None):
    """Fields a user may ask about, in the order of registration; all of them without a user."""
    if subject_name.startswith("event:"):
        found = _behaviours[subject_name[6:]].fields if subject_name[6:] in _behaviours else []
        return [f for f in found if field_access.shows(user, subject_name, None, f)]
    found = list(_fields.get(subject_name, {}).values())
    for fn in _providers.get(subject_name, []):
        found += fn()
    for item in _sources:
        found += item.fields_of(subject_name)
    return [f for f in found if _may_ask(f, user, subject_name)]


def declared_of(subject_name):
    """The fields that the apps have registered, without those that people have defined."""
    return list(_fields.get(subject_name, {}).values())


def field_named(subject_name, name, user=None):
    """The field, or None when there is none or the user may not ask about it."""
    static = _fields.get(subject_name, {}).get(name)
    if static is not None:
        return static if _may_ask(static, user, subject_name) else None
    return next((f for f in fields_of(subject_name, user) if f.name == name), None)


def relations_of(subject_name, user=None):
    """Relations a user may ask about."""
    found = [*_relations.get(subject_name, {}).values(), *(r for s in _sources for r in s.relations_of(subject_name))]
    return [_as_seen(r, user) for r in found if _may_ask(r, user, subject_name)]


def _as_seen(relation, user):
    """The relation; its rows are not added up for somebody from whom their amount is hidden."""
    of = subject_named(relation.subject)
    if user is None or not relation.amount or of is None:
        return relation
    is_hidden = field_access.level_of_field(user, of.model, relation.amount) == field_access.HIDDEN
    return replace(relation, amount="") if is_hidden else relation


def relation_named(subject_name, name, user=None):
    """The relation or None."""
    return next((r for r in relations_of(subject_name, user) if r.name == name), None)


def behaviours_of(subject_name):
    """Behaviours one may ask of a subject; none when the stream does not name it."""
    item = subject_named(subject_name)
    return list(_behaviours.values()) if item and item.event_link else []


def behaviour_named(name):
    """The behaviour of a declared or registered kind of event, or None."""
    if name in _behaviours:
        return _behaviours[name]
    known = {k.name: k for k in events.kinds()}
    return Behaviour(name, known[name].name) if name in known else None


def _may_ask(item, user, subject_name):
    if user is None:
        return True
    if not field_access.shows(user, subject_name, getattr(_subjects.get(subject_name), "model", None), item):
        return False
    if (asked_by := getattr(item, "asked_by", None)) and not asked_by(user):
        return False
    return not item.kind_needed or access.may(user, item.kind_needed)
