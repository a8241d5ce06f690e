"""Where a person's data stands: found in the models themselves, so that a new table cannot be forgotten.

A row belongs to a person when it points at the record, or at a row that belongs to the person and cannot do without it.
Every model must be reached so, be found by a rule of its app, or be named as exempt with the reason; a test holds it
(see `declaring`).
"""

from collections import defaultdict
from dataclasses import dataclass
from functools import cache, reduce
from operator import or_

from django.apps import apps
from django.db import models
from django.db.models import Q
from pghistory.models import Event as Version

from contacts.models import Contact
from contacts.services.privacy.declaring import all_shares, finders, followers, is_exempt, others_of, plain_ties

_NUMBER = "contact_id"
_OPTIONAL = (models.SET_NULL, models.SET_DEFAULT)
# Rows of these are at the end of a way.
_LEAVES = {"crm.storedfile"}


@dataclass(frozen=True)
class Tie:
    """One column by which rows of `model` belong to a row of `parent`; `pair` when `target_type` says to which kind."""

    model: type
    column: str
    parent: type
    pair: bool = False

    def rows(self, keys, numbers):
        """Keys of the rows that belong to these rows of the parent, and not to somebody else than `numbers`."""
        rows = self.model._base_manager.filter(**{f"{self.column}__in": keys})
        if self.pair:
            rows = rows.filter(target_type=self.parent._meta.label_lower)
        if self.parent is not Contact and not issubclass(self.model, Version):
            rows = rows.filter(whose(self.model, numbers))
        return set(rows.values_list(key_of(self.model), flat=True))


def told_to(person, model, keys):
    """The rows that a person may have in the copy."""
    rows = rows_of(model, keys)
    if not issubclass(model, Version):
        rows = rows.filter(whose(model, person.numbers))
    about_others = others_of.get(model._meta.label_lower)
    return rows.exclude(about_others(person)) if about_others else rows


def tables():
    """Models with a table of their own."""
    return [
        m
        for m in apps.get_models(include_auto_created=True)
        if not m._meta.proxy and (m._meta.managed or m.__name__ == "Event")
    ]


def key_of(model):
    """The field by which a row is known."""
    return "id" if isinstance(model._meta.pk, models.CompositePrimaryKey) else model._meta.pk.attname


@cache
def reached():
    """{model} that a person's data can stand in."""
    found, fresh = {Contact}, {Contact}
    fresh |= {apps.get_model(label) for label in (*finders, *followers)} | {model for model, _share in all_shares()}
    while fresh:
        found |= fresh
        fresh = {t.model for parent in fresh for t in ties_to(parent)} - found
    return {model for model in found if not is_exempt(model)}


@cache
def ties_to(parent):
    """The ties by which rows belong to rows of a model. Asked only when every app has said its word."""
    return list(_ties_to(parent))


def _ties_to(parent):
    if parent._meta.label_lower in _LEAVES:
        return
    for relation in parent._meta.get_fields(include_hidden=True):
        if relation.auto_created and relation.is_relation and not relation.many_to_many and relation.field.concrete:
            tied = Tie(relation.related_model, relation.field.attname, parent)
            if _belongs(tied, relation) and not is_exempt(tied.model):
                yield tied
    for model in tables():
        plain = {f.name for f in model._meta.concrete_fields if not f.is_relation}
        if is_exempt(model):
            continue
        if parent is Contact and _NUMBER in plain:
            yield Tie(model, _NUMBER, parent)
        if {"target_type", "target_id"} <= plain:
            yield Tie(model, "target_id", parent, pair=True)
    for label, column, of in plain_ties:
        if of == parent._meta.label_lower:
            yield Tie(apps.get_model(label), column, parent)


def _belongs(tied, relation):
    """Whether a key makes a row the parent's: any key to the person, and elsewhere one it cannot do without."""
    if tied.parent is Contact:
        return True
    if issubclass(tied.model, Version):
        if relation.field.name == "pgh_obj":
            return True
        tracked = tied.model.pgh_tracked_model._meta.get_field(relation.field.name)
        return tracked.remote_field.on_delete not in _OPTIONAL
    return relation.on_delete not in _OPTIONAL


class Found(dict):
    """{model: keys of the rows} that belong to a person; in `shared` those in which others have a part, which stay."""

    def __init__(self, *args):
        super().__init__(*args)
        self.shared = {}

    def take(self, model, keys):
        """Add rows; gives those that are new. What is shared is nobody's alone, and nothing that hangs on it is followed."""
        fresh = set(keys) - self.get(model, set()) - self.shared.get(model, set())
        if fresh:
            self.setdefault(model, set()).update(fresh)
        return fresh

    def with_shared(self):
        """All rows, as {model: keys}: a copy tells of those as well in which others have a part."""
        return {model: self.get(model, set()) | self.shared.get(model, set()) for model in {*self, *self.shared}}


def whose(model, numbers):
    """Condition on rows that name a person by a key: one of these, or nobody."""
    columns = [t.column for t in ties_to(Contact) if t.model is model and not t.pair]
    nobody = Q(**{f"{column}__isnull": True for column in columns})
    return reduce(or_, (Q(**{f"{column}__in": numbers}) for column in columns), nobody) if columns else Q()


def steps():
    """How often `gather` calls its `step` for a person who has rows of every kind."""
    asked = [*finders.values(), *followers.values(), *map(ties_to, reached())]
    return len(all_shares()) + sum(map(len, asked))


def gather(person, step=lambda: None):
    """The rows that belong to a person, as Found. `step()` is called after each question put to the database."""
    found = Found({Contact: set(person.numbers)})
    for model, share in all_shares():
        if keys := set(share.rows(person).values_list(key_of(model), flat=True)):
            found.shared[model] = keys
        step()
    _ask(found, finders, person, step)
    fresh = {model: set(keys) for model, keys in found.items()}
    while fresh:
        fresh = _following(found, fresh, person.numbers, step)
    _ask(found, followers, found, step)
    return found


def _ask(found, register, about, step):
    for label, asked in register.items():
        model = apps.get_model(label)
        for find in asked:
            found.take(model, find(about).values_list(key_of(model), flat=True))
            step()


def _following(found, fresh, numbers, step):
    """One step further: {model: new keys} of what belongs to the rows found last."""
    following = defaultdict(set)
    for parent, keys in fresh.items():
        for tied in ties_to(parent):
            following[tied.model] |= found.take(tied.model, tied.rows(keys, numbers))
            step()
    return {model: keys for model, keys in following.items() if keys}


def in_order(found):
    """The models of what was found, so that rows go before those without which they cannot be."""
    rest, ordered = sorted(found, key=lambda m: (m._meta.label_lower not in followers, m._meta.label)), []
    while rest:
        free = [m for m in rest if not any(_needs(other, m) for other in rest if other is not m)]
        ordered += free or rest[:1]
        rest = [m for m in rest if m not in ordered]
    return ordered


def _needs(model, other):
    keys = (f for f in model._meta.concrete_fields if f.is_relation and f.related_model is other)
    return any(f.remote_field.on_delete not in _OPTIONAL for f in keys)


def rows_of(model, keys):
    """The rows with these keys."""
    return model._base_manager.filter(**{f"{key_of(model)}__in": keys})
