"""The last look: where addresses and phones of a person still stand when everything that belongs to them is gone."""

from functools import reduce
from operator import or_

from django.db import models
from django.db.models.functions import Cast

from contacts.services.privacy.declaring import stay_of
from contacts.services.privacy.scanning import says
from contacts.services.privacy.ties import key_of, tables


def left(person, rows, *, without=(), step=lambda: None):
    """{label: number of rows} of all tables in which something of the person can be read, read to the end.

    Those of `rows` (what `gather` found) that are about to be made nobody's or the others' do not count; colleagues decide
    about the rest by hand. `step()` is called after each table.
    """
    if not person.telling:
        return {}
    spared = {model: keys for model, keys in rows.items() if stay_of(model)} | rows.shared
    found = {}
    for model in tables():
        if model not in without and (n := _count(model, person.telling, spared.get(model, ()))):
            found[model._meta.label_lower] = n
        step()
    return found


def _count(model, texts, spared):
    columns = [f.name for f in model._meta.concrete_fields if _readable(f)]
    if not columns:
        return 0
    as_text = {f"{name}_text": Cast(name, models.TextField()) for name in columns}
    wanted = reduce(or_, (says(f"{name}_text", text) for name in columns for text in texts))
    rows = model._base_manager.alias(**as_text).filter(wanted)
    return rows.exclude(**{f"{key_of(model)}__in": spared}).count() if spared else rows.count()


def _readable(field):
    kinds = (models.CharField, models.TextField, models.JSONField)
    return (
        (isinstance(field, kinds) or field.get_internal_type() == "ArrayField")
        and not field.choices
        and not field.is_relation
    )
