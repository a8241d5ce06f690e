"""Many rows at once: new ones by COPY, changed ones by one UPDATE. Far faster than statements built by the ORM.

Both go below `save()`: derived fields are the caller's business. Audit triggers work at statement level and see them.
"""

import io
import json
import re
from operator import attrgetter, itemgetter

from django.contrib.postgres.fields import ArrayField
from django.db import connection, models
from django.db.models.expressions import DatabaseDefault, RawSQL
from django.db.models.fields import NOT_PROVIDED

_NULL = "\\N"
_SPECIAL = re.compile(r"[\\\t\n\r]")
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def among(values, kind="text"):
    """For `column__in`: many values as one array, which costs neither Django nor the planner anything."""
    return RawSQL(f"SELECT unnest(%s::{kind}[])", [list(values)])  # noqa: S611  the kind is ours


def draw_numbers(sequence, n):
    """Take the next n numbers of a sequence, in order."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(%s) FROM generate_series(1, %s)", [sequence, n])
        return [number for (number,) in cursor.fetchall()]


def insert(objects):
    """Write new objects of one model. Those without a key get one, so that others can point at them."""
    objects = list(objects)
    if not objects:
        return
    model = type(objects[0])
    keyless = [obj for obj in objects if obj.pk is None]
    if keyless:
        # What PostgreSQL names the sequence of an identity column.
        numbers = draw_numbers(f"{model._meta.db_table}_{model._meta.pk.column}_seq", len(keyless))
        for obj, key in zip(keyless, numbers, strict=True):
            obj.pk = key
    fields = model._meta.concrete_fields
    for field in fields:
        if getattr(field, "auto_now", False):
            for obj in objects:
                field.pre_save(obj, add=True)
    # What nobody has set the database fills in, which COPY can do only for a whole column.
    names = [field.attname for field in fields if not _left_to_database(field, objects)]
    # What is new has all its values at hand; past the descriptors they cost a third.
    copy(model, names, map(itemgetter(*names), map(vars, objects)))


def copy(model, names, rows):
    """Write rows of a model as tuples of the fields `names` (foreign keys by `…_id`).

    A field that is left out takes the database's default; Django gives it none, save for the key.
    """
    rows = list(rows)
    if not rows:
        return
    fields = [model._meta.get_field(name) for name in names]
    columns = [_column(field, values) for field, values in zip(fields, zip(*rows, strict=True), strict=True)]
    lines = map("\t".join, zip(*columns, strict=True))
    quote = connection.ops.quote_name
    names = ", ".join(quote(field.column) for field in fields)
    with connection.cursor() as cursor, connection.wrap_database_errors:
        cursor.copy_expert(
            f"COPY {quote(model._meta.db_table)} ({names}) FROM STDIN", io.StringIO("\n".join([*lines, ""]))
        )


def update(objects, names):
    """Write the fields `names` of objects of one model as they are now, in one statement."""
    objects = list(objects)
    if not objects:
        return
    meta, quote = type(objects[0])._meta, connection.ops.quote_name
    table, key = quote(meta.db_table), meta.pk
    columns = [meta.get_field(name).column for name in names]
    get = attrgetter(key.attname, *(meta.get_field(name).attname for name in names))
    rows = [dict(zip((key.column, *columns), get(obj), strict=True)) for obj in objects]
    written = ", ".join(f"{quote(column)} = new.{quote(column)}" for column in columns)
    values = f"jsonb_populate_recordset(NULL::{table}, %s::jsonb) AS new"
    match = f"{table}.{quote(key.column)} = new.{quote(key.column)}"
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET {written} FROM {values} WHERE {match}",  # noqa: S608  names out of the models
            [json.dumps(rows, default=str)],
        )


def _left_to_database(field, objects):
    """Whether the field of all objects waits for the default of the database. Where some have a value, the others get it."""
    if field.db_default is NOT_PROVIDED:
        return False
    unset = [obj for obj in objects if isinstance(getattr(obj, field.attname), DatabaseDefault)]
    if len(unset) == len(objects):
        return True
    for obj in unset:
        setattr(obj, field.attname, field.db_default)
    return False


def _column(field, values):
    """The values of one column in COPY's text format; what is equal in many rows is written once."""
    if isinstance(field, models.JSONField):
        return [_NULL if v is None else json.dumps(v, cls=field.encoder).translate(_ESCAPES) for v in values]
    if isinstance(field, ArrayField):
        return [_NULL if v is None else _array(v) for v in values]
    if isinstance(field, models.CharField | models.TextField):
        if None not in values and not _SPECIAL.search("".join(values)):
            return values
        return [_NULL if v is None else v.translate(_ESCAPES) for v in values]
    # Dates and instants write themselves as ISO 8601, numbers, truth values and UUIDs as PostgreSQL reads them.
    known = {v: str(v) for v in set(values)} | {None: _NULL}
    return [known[v] for v in values]


def _array(value):
    quoted = ('"' + item.replace("\\", "\\\\").replace('"', '\\"') + '"' for item in value)
    return ("{" + ",".join(quoted) + "}").translate(_ESCAPES)
