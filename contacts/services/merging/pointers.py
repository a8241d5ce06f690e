"""What points at a record: found in the models, so that a new one cannot be forgotten."""

from collections.abc import Callable
from dataclasses import dataclass

from django.apps import apps
from django.db import models
from pghistory.models import Event as Version

# Plain numbers instead of keys: the stream and the mail stand below the apps that own the records.
_NUMBERS = {"contact": ("contact_id",), "company": ("company_id",)}


@dataclass(frozen=True)
class Reference:
    """One column by which rows of `model` point at a record; `pair` when `target_type` says at which kind."""

    model: type
    column: str
    pair: bool = False

    @property
    def label(self):
        return self.model._meta.label_lower

    @property
    def key(self):
        """The column by which a row of the model is known, or None when no single one does."""
        pk = self.model._meta.pk
        if not isinstance(pk, models.CompositePrimaryKey):
            return pk.column
        return "id" if "id" in pk.field_names else None

    def condition(self, target):
        """SQL on the table and its parameter for the rows that point at a record of the model `target`."""
        quoted = f'"{self.column}" = %s'
        return f"{quoted} AND target_type = '{target._meta.label_lower}'" if self.pair else quoted


_rules: dict[tuple[type, type], Callable] = {}
_late: set[Callable] = set()
_staying: dict[str, str] = {}


def rule(target, *concerned, late=False):
    """Decorator: `fn(changes, kept, gone)` merges the rows of these models instead of a plain move.

    A `late` rule acts after everything else has been moved.
    """

    def register(fn):
        if late:
            _late.add(fn)
        for model in concerned:
            _rules[target, model] = fn
        return fn

    return register


def stays(label, why):
    """Declare that rows of a model go on pointing at the record that is gone, and why."""
    _staying[label] = why


def rules_for(target, *, late=False):
    """The rules for a kind of record, each once, in the order of their registration."""
    mine = dict.fromkeys(fn for (kind, _model), fn in _rules.items() if kind is target)
    return [fn for fn in mine if (fn in _late) == late]


def has_rule(target, model):
    return (target, model) in _rules


def references(target):
    """Every column of every app that points at records of `target`: keys, plain numbers, and pairs of type and number.

    Left out are the audit trail, which tells what was written then, and what `stays`.
    """
    return [r for r in _all(target) if r.label not in _staying and not issubclass(r.model, Version)]


def moved(target):
    """The references that are moved as they stand: those without a rule, keys before plain numbers.

    A row with a key waits for the lock on the record; whoever is at work on it has then also written its numbers.
    """
    plain = [r for r in references(target) if not has_rule(target, r.model)]
    return sorted(plain, key=lambda r: not _is_key(r))


def _is_key(reference):
    return any(f.column == reference.column and f.is_relation for f in reference.model._meta.concrete_fields)


def _all(target):
    for relation in target._meta.get_fields(include_hidden=True):
        if relation.auto_created and relation.is_relation and not relation.many_to_many and relation.field.concrete:
            yield Reference(relation.related_model, relation.field.column)
    numbers = _NUMBERS.get(target._meta.model_name, ())
    for model in apps.get_models(include_auto_created=True):
        plain = {f.name for f in model._meta.concrete_fields if not f.is_relation}
        yield from (Reference(model, name) for name in numbers if name in plain)
        if {"target_type", "target_id"} <= plain:
            yield Reference(model, "target_id", pair=True)


def clashing(reference):
    """Whether two rows that point at two records may not both point at one: unique together with the column."""
    field = next((f for f in reference.model._meta.concrete_fields if f.column == reference.column), None)
    if field is None:
        return False
    names = {field.name, field.attname}
    unique = [c.fields for c in reference.model._meta.constraints if isinstance(c, models.UniqueConstraint)]
    unique += reference.model._meta.unique_together
    return field.unique or any(names & set(fields) for fields in unique)
