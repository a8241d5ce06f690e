"""The fields of the one record that two become: what is asked, and what comes out."""

from contacts.models import Company, Contact
from crm.text import norm_email, sort_key

# Counted, or following from other fields: nobody is asked for them.
COMPUTED = {
    "id", "name_key", "team", "quality", "score", "next_step", "next_step_at", "last_touch_at", "created_at", "updated_at",
    "version", "verified_at", "birthday_has_year",
}  # fmt: skip
# Further on the way to a loyal customer comes later here.
_STAGES = ["lost", "subscriber", "lead", "qualified", "customer", "evangelist"]


def questions(model):
    """The fields for which a person may choose whose value stays."""
    return [f for f in model._meta.concrete_fields if f.name not in COMPUTED]


def is_empty(value):
    return value is None or value in ("", [], {})


def default_choice(name, kept, gone):
    """Whose value stays when nobody chooses: "kept" or "gone". The kept record's, unless it has none."""
    mine, others = getattr(kept, name), getattr(gone, name)
    if name == "stage":
        return "gone" if _STAGES.index(others) > _STAGES.index(mine) else "kept"
    return "gone" if is_empty(mine) and not is_empty(others) else "kept"


def merged_values(kept, gone, choices=None):
    """{attribute: value} of the one record. `choices` maps names of fields to "kept" or "gone".

    Tags are those of both, further fields too, where both have one the chosen record's.
    """
    choices = choices or {}
    values = {}
    for field in questions(type(kept)):
        name = field.attname
        chosen = choices.get(field.name) or default_choice(name, kept, gone)
        first, second = (gone, kept) if chosen == "gone" else (kept, gone)
        values[name] = _both(field.name, getattr(first, name), getattr(second, name))
        if field.name == "owner":
            values["team_id"] = first.team_id
        if field.name == "birthday_on":
            values["birthday_has_year"] = first.birthday_has_year
    return values | _computed(kept, gone, values)


def _both(name, first, second):
    if name == "tags":
        return list(dict.fromkeys([*first, *second]))
    if name == "custom":
        return {**second, **{key: value for key, value in first.items() if not is_empty(value)}}
    return first


def _computed(kept, gone, values):
    """What follows from the two or from the values chosen."""
    found = {
        "last_touch_at": max(filter(None, [kept.last_touch_at, gone.last_touch_at]), default=None),
        "verified_at": max(filter(None, [kept.verified_at, gone.verified_at]), default=None),
        "created_at": min(kept.created_at, gone.created_at),
        "version": kept.version + 1,
    }
    if isinstance(kept, Contact):
        name = [values[part] for part in ("first_name", "middle_name", "last_name")]
        found |= {"name_key": Contact.key_of(*name, values["email"]), "score": max(kept.score, gone.score)}
        values["email"] = norm_email(values["email"])
    else:
        found["name_key"] = sort_key(values["name"])
        parents = (values["parent_id"], gone.parent_id, kept.parent_id)
        found["parent_id"] = next((pk for pk in parents if pk and not _is_above(pk, {kept.pk, gone.pk})), None)
    return found


def _is_above(pk, these):
    """Whether one of `these` is the company or stands above it: it cannot be their parent then."""
    seen = set()
    while pk and pk not in seen:
        if pk in these:
            return True
        seen.add(pk)
        pk = Company.objects.filter(pk=pk).values_list("parent_id", flat=True).first()
    return False
