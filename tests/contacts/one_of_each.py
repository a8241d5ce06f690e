"""A row of any model, with whatever it needs, and the contents of all tables as digests."""

from datetime import timedelta
from itertools import count

from django.db import connection, models
from django.utils import timezone

_numbers = count(1)


def row_of(model, given=None, shared=None):
    """Save a row of a model with `given` columns; keys it must have point at rows of `shared`, which grows.

    Unique texts and numbers differ from row to row; everything else is the same, so that two rows for two records
    clash wherever they can.
    """
    shared = {} if shared is None else shared
    given = given or {}
    values, elsewhere = {}, _unique_without(model, given)
    for field in model._meta.concrete_fields:
        if field.attname in given or field.column in given:
            values[field.attname] = given.get(field.attname, given.get(field.column))
        elif not _may_stay_out(field):
            values[field.attname] = _value(field, shared, own=field.unique or field.name in elsewhere)
    row = model(**values)
    models.Model.save_base(row, raw=True, force_insert=True)
    return row


def _unique_without(model, given):
    """Fields that must differ from row to row although the record they point at is another one."""
    sets = [c.fields for c in model._meta.constraints if isinstance(c, models.UniqueConstraint)]
    sets += model._meta.unique_together
    mine = {f.name for f in model._meta.concrete_fields if f.attname in given or f.column in given}
    return {name for names in sets if not mine & set(names) for name in names}


def _may_stay_out(field):
    return field.null or field.has_default() or field.db_default is not models.NOT_PROVIDED or field.generated or (
        field.primary_key and isinstance(field, models.AutoField)
    )  # fmt: skip


def _value(field, shared, *, own):
    if field.is_relation:
        target = field.related_model
        if target not in shared:
            shared[target] = row_of(target, shared=shared)
        return shared[target].pk
    if field.choices:
        return field.choices[0][0]
    number = next(_numbers) if own else 1
    if isinstance(field, models.DateTimeField):
        return timezone.now() - timedelta(days=1)
    if isinstance(field, models.DateField):
        return timezone.localdate()
    if isinstance(field, models.CharField | models.TextField):
        return f"x{number}"[: field.max_length or 20]
    if isinstance(field, models.BooleanField):
        return False
    return number


def digests(*, without):
    """{table: digest of its rows}, of all tables whose name does not begin with one of `without`."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition"
        )
        tables = [name for (name,) in cursor.fetchall() if not name.startswith(without)]
        found = {}
        for table in sorted(tables):
            cursor.execute(f"SELECT md5(coalesce(string_agg(t::text, E'\\n' ORDER BY t::text), '')) FROM \"{table}\" t")  # noqa: S608
            found[table] = cursor.fetchone()[0]
    return found


def pointing_at(table, pk):
    """Columns of the database whose key leads to `table` and that hold `pk` in some row: [table.column]."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.conrelid::regclass::text, a.attname FROM pg_constraint c"
            " JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]"
            " WHERE c.contype = 'f' AND c.confrelid = %s::regclass",
            [table],
        )
        found = []
        for of, column in cursor.fetchall():
            cursor.execute(f'SELECT count(*) FROM {of} WHERE "{column}" = %s', [pk])  # noqa: S608
            found += [f"{of}.{column}"] if cursor.fetchone()[0] else []
    return found
