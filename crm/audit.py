"""The audit trail: who changed which field, when and from where, written by the database itself.

Triggers at statement level keep the row as it was before each update and delete, so bulk updates and raw SQL are
seen too. What happened *with a customer* stands in the stream (`crm.events`), not here.
"""

from dataclasses import dataclass
from datetime import datetime

import pghistory
from django.apps import apps


def tracked(*, exclude=()):
    """Class decorator: keep every earlier version of the model's rows.

    `exclude` names derived columns whose changes are nobody's act.
    """
    return pghistory.track(
        pghistory.UpdateEvent("update", row=pghistory.Old, level=pghistory.Statement),
        pghistory.DeleteEvent("delete", level=pghistory.Statement),
        exclude=list(exclude),
    )


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


def changes_of(obj, *, limit=50):
    """The record's changes, newest first: each version held against the one after it."""
    rows = list(
        versions(type(obj))
        .filter(pgh_obj_id=obj.pk, pgh_label="update")
        .select_related("pgh_context")
        .order_by("-pgh_id")[:limit]
    )
    fields = (
        [f for f in rows[0]._meta.concrete_fields if not f.name.startswith("pgh_") and not f.primary_key]
        if rows
        else []
    )
    changes, newer, names = [], obj, {}
    for row in rows:
        context = row.pgh_context.metadata if row.pgh_context else {}
        for field in fields:
            before, after = getattr(row, field.attname), getattr(newer, field.attname)
            if before != after:
                changes.append(
                    Change(
                        row.pgh_created_at,
                        context.get("user"),
                        context.get("address") or context.get("job") or "",
                        field.name,
                        str(obj._meta.get_field(field.name).verbose_name),
                        _shown(obj._meta.get_field(field.name), before, names),
                        _shown(obj._meta.get_field(field.name), after, names),
                    )
                )
        newer = row
    return changes


def last_change(obj, field, *, within=20):
    """The newest change of one field among the record's last changes, or None."""
    return next((change for change in changes_of(obj, limit=within) if change.field == field), None)


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
