"""The audit trail of custom fields: each by its name, with values as people read them."""

from crm import audit
from crm.custom import definitions, values


@audit.explains("custom")
def explained(obj, before, after, user):
    """The custom fields that changed. One whose definition is gone is told by its key, to nobody with limited sight."""
    target = definitions.target_for(obj)
    fields = {f.key: f for f in definitions.all_fields(target.subject)} if target else {}
    before, after, found = before or {}, after or {}, []
    for key in sorted({*before, *after}, key=lambda k: list(fields).index(k) if k in fields else len(fields)):
        if before.get(key) == after.get(key):
            continue
        field = fields.get(key)
        if field is None and (user is None or user.is_superuser):
            found.append((key, key, before.get(key), after.get(key)))
        elif field is not None and field.visible_to(user):
            names = values.names_of([(field, before.get(key)), (field, after.get(key))], user)
            found.append((field.name, field.label, *(values.text(field, v.get(key), names) for v in (before, after))))
    return found
