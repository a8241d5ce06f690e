"""The audit trail: who changed which field, when and from where, written by the database itself.

Triggers at statement level keep the row as it was before each update and delete, so bulk updates and raw SQL are
seen too. What happened *with a customer* stands in the stream (`crm.events`), not here.
"""

from dataclasses import dataclass, replace
from datetime import datetime

import pghistory
from django.apps import apps
from django.db import models

from crm import field_access


def tracked(*, exclude=(), inserts=False):
    """Class decorator: keep every earlier version of the model's rows.

    `exclude` names derived columns whose changes are nobody's act. `inserts` also notes who added a row: for those
    that hang on a record and are shown in its history.
    """
    added = [pghistory.InsertEvent("insert", level=pghistory.Statement)] if inserts else []

    def track(model):
        return pghistory.track(
            *added,
            pghistory.UpdateEvent("update", row=pghistory.Old, level=pghistory.Statement),
            pghistory.DeleteEvent("delete", level=pghistory.Statement),
            exclude=list(exclude),
            meta={"indexes": _indexes_of(model)},
        )(model)

    return track


def _indexes_of(model):
    """Keys have an index of their own; versions that name their record by label and number get one here."""
    names = {field.name for field in model._meta.fields}
    if not {"target_type", "target_id"} <= names:
        return []
    return [models.Index(fields=["target_type", "target_id"], name=f"{model._meta.model_name}_trail_about")]


def context_id():
    """The key under which the trail keeps all changes of the present request or job, as text."""
    with pghistory.context() as context:
        return str(context.id)


def versions(model):
    """The rows of the trail for a tracked model; None for one that is not tracked."""
    try:
        return apps.get_model(model._meta.app_label, f"{model.__name__}Event")._base_manager
    except LookupError:
        return None


@dataclass(frozen=True)
class Change:
    """One field of one record changed. `who` is a user's key or None, `where` the address and page."""

    at: datetime
    who: int | None
    where: str
    field: str
    label: str
    before: object
    after: object


# Columns that hold many things: {name: fn(obj, before, after, user)}, which gives (name, label, before, after) of each.
_explained = {}


def explains(column):
    """Decorator: tell the changes of a column that holds many things one by one, as far as the reader may see them."""

    def register(fn):
        _explained[column] = fn
        return fn

    return register


def changes_of(obj, *, limit=50, user=None):
    """The changes of a record and of the rows that hang on it, newest first; those that `user` may see.

    Each version is held against the one after it. A model names the rows in `audit_children`: the fields by which
    tracked models point here.
    """
    names, changes = {}, [part for change in _own_changes(obj, limit, {}) for part in _told(obj, change, user)]
    for model, link in _children_of(obj):
        changes += _child_changes(obj, model, link, limit, names, user)
    return sorted(changes, key=lambda change: change.at, reverse=True)[: limit * 4]


def _told(obj, change, user):
    """A change as people read it: that of a column with many things as one of each; nothing of a hidden field."""
    if field_access.level_of_field(user, type(obj), change.field) == field_access.HIDDEN:
        return []
    if change.field not in _explained:
        return [change]
    parts = _explained[change.field](obj, change.before, change.after, user)
    return [replace(change, field=n, label=label, before=was, after=now) for n, label, was, now in parts]


def _own_changes(obj, limit, names):
    rows = _rows(type(obj)).filter(pgh_obj_id=obj.pk, pgh_label="update")[:limit]
    changes, newer = [], obj
    for row in rows:
        changes += _differences(type(obj), row, newer, names)
        newer = row
    return changes


def last_change(obj, field, *, within=20):
    """The newest change of one field among the record's last changes, or None."""
    return next((change for change in changes_of(obj, limit=within) if change.field == field), None)


def _children_of(obj):
    """(model, name of its key that points here) of the rows that hang on a record."""
    for name in getattr(obj, "audit_children", ()):
        relation = obj._meta.get_field(name)
        yield relation.related_model, relation.remote_field.name


def _child_changes(obj, model, link, limit, names, user):
    """What was added to, changed in and removed from the rows of one model, as far as the user may see it."""
    kind, changes, newer = str(model._meta.verbose_name), [], {}
    rows = list(_rows(model).filter(**{link: obj.pk})[:limit])
    present = model._base_manager.in_bulk({row.pgh_obj_id for row in rows})
    for row in rows:
        if field_access.hides_row(user, model, row):
            continue
        after = newer.get(row.pgh_obj_id) or present.get(row.pgh_obj_id)
        if row.pgh_label == "update" and after is not None:
            changes += [
                replace(change, label=f"{kind}: {change.label}")
                for change in _differences(model, row, after, names, skip=link)
                if field_access.level_of_field(user, model, change.field) > field_access.HIDDEN
            ]
        elif row.pgh_label != "update":
            text = _text_of(model, row)
            before, now = (text, None) if row.pgh_label == "delete" else (None, text)
            changes.append(Change(row.pgh_created_at, *_who(row), model._meta.model_name, kind, before, now))
        newer[row.pgh_obj_id] = row
    return changes


def _rows(model):
    return versions(model).select_related("pgh_context").order_by("-pgh_id")


def _text_of(model, row):
    """A row of the trail as the record itself would say it."""
    values = {f.attname: getattr(row, f.attname) for f in model._meta.concrete_fields if hasattr(row, f.attname)}
    return str(model(**values))


def _who(row):
    context = row.pgh_context.metadata if row.pgh_context else {}
    return context.get("user"), context.get("address") or context.get("job") or ""


def _differences(model, row, newer, names, skip=""):
    """The fields in which a version differs from the one after it."""
    who, where = _who(row)
    found = []
    for field in row._meta.concrete_fields:
        if field.name.startswith("pgh_") or field.primary_key or field.name in {"id", skip}:
            continue
        before, after = getattr(row, field.attname), getattr(newer, field.attname)
        if before != after:
            own = model._meta.get_field(field.name)
            shown = (_shown(own, value, names) for value in (before, after))
            found.append(Change(row.pgh_created_at, who, where, field.name, str(own.verbose_name), *shown))
    return found


def _shown(field, value, names):
    """A value as people know it: the label of a choice, the name of a user or team.

    Records that somebody may not see stay numbers. `names` remembers what was looked up.
    """
    if value is None or value == "":
        return value
    if field.choices:
        return str(dict(field.flatchoices).get(value, value))
    if field.is_relation and not hasattr(field.related_model._default_manager, "visible_to"):
        key = (field.related_model, value)
        if key not in names:
            names[key] = str(field.related_model._base_manager.filter(pk=value).first() or value)
        return names[key]
    return value
