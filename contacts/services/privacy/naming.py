"""Records of others that name a person in a field of their own: a company's champion, a contract's signatory.

The record is not the person's and stays; the value goes, from its earlier versions as well. Such fields are known by their
definition; what they hold is the number of the record.
"""

from django.utils.translation import gettext_lazy as _
from pghistory.models import Event as Version

from contacts.models import Contact
from contacts.services.privacy import objects, scanning
from crm import audit, custom
from crm.models import CustomField, ObjectRecord

WHY = _("They name this person in a field: the value goes, the rest stays.")


def rows_naming(person):
    """[(model, field, keys)] of the rows of others that name the person, earlier versions included."""
    found = []
    for target in custom.targets():
        for field in custom.all_fields(target.subject):
            if field.kind == CustomField.Kind.CONTACT:
                found += _rows(target, field, person)
    return found


def _rows(target, field, person):
    rows = scanning.holding(target.rows(), field, person.numbers)
    if target.model is Contact:
        rows = rows.exclude(pk__in=person.numbers)
    found = [(target.model, field, set(rows.values_list("pk", flat=True)))]
    versions = audit.versions(target.model)
    if versions is not None:
        own = target.rows().values("pk") if target.condition is not None else None
        before = scanning.holding(versions.all(), field, person.numbers)
        before = before if own is None else before.filter(pgh_obj_id__in=own)
        if target.model is Contact:
            before = before.exclude(pgh_obj_id__in=person.numbers)
        found.append((versions.model, field, set(before.values_list("pk", flat=True))))
    return [(model, of, keys) for model, of, keys in found if keys]


def forget(person):
    """Take the person out of all of them; the caller holds the transaction. Returns {model: rows}."""
    done = {}
    for model, field, keys in rows_naming(person):
        rows = list(model._base_manager.select_for_update().filter(pk__in=keys))
        for row in rows:
            row.custom = {key: value for key, value in row.custom.items() if key != field.key}
        if model in (ObjectRecord, objects.Version):
            # Its title may be made of the field.
            objects.take_out(rows, person)
        else:
            model._base_manager.bulk_update(rows, ["custom"], batch_size=500)
        done[model] = done.get(model, 0) + len(rows)
    return done


def told(person):
    """What the copy says of it: [{"kind", "field", "record"}]; the records themselves are others'."""
    labels = {target.model: target.label for target in custom.targets()}
    return [
        {"kind": str(labels[model]), "field": str(field.label), "record": key}
        for model, field, keys in rows_naming(person)
        if not issubclass(model, Version)
        for key in sorted(keys)
    ]
