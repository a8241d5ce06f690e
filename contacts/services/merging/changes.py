"""What a merge does, one statement at a time, each written down with what undoes it."""

from django.apps import apps
from django.db import connection, models

from contacts.models import MergeStep

_NOTE = 'INSERT INTO contacts_mergestep (merge_id, act, model, "column", ids, before, after)'
Act = MergeStep.Act


class Changes:
    """Acts on rows for one merge. Rules of the apps write through it and not past it."""

    def __init__(self, merge):
        self.merge = merge

    def move(self, reference, old, new, *, ids=None):
        """Point rows from one record at another: all, or those whose keys are `ids`. Returns how many."""
        table, key, column = _table(reference.model), reference.key, reference.column
        where, values = reference.condition(self.merge.model), [old]
        if ids is not None:
            where, values = f'{where} AND "{key}" = ANY(%s)', [old, list(ids)]
        return self._run(
            f'WITH did AS (UPDATE {table} SET "{column}" = %s WHERE {where} RETURNING "{key}"::text AS k),'
            f" noted AS ({_NOTE} SELECT %s, 'move', %s, %s, array_agg(k), NULL, NULL FROM did HAVING count(*) > 0)"
            " SELECT count(*) FROM did",
            [new, *values, self.merge.pk, reference.label, column],
        )

    def update(self, model, ids, **values):
        """Set fields (keys by `…_id`) of the rows with these keys. Returns how many."""
        fields = [_field(model, name) for name in values]
        columns = [f.column for f in fields]
        prepared = [f.get_db_prep_save(value, connection) for f, value in zip(fields, values.values(), strict=True)]
        table, key = _table(model), model._meta.pk.column
        picked = f"jsonb_agg(to_jsonb(r)) FROM (SELECT {', '.join(_quoted([key, *columns]))} FROM {{}}) r"
        sets = ", ".join(f'"{column}" = %s' for column in columns)
        return self._run(
            f'WITH was AS MATERIALIZED (SELECT {", ".join(_quoted([key, *columns]))} FROM {table} WHERE "{key}" = ANY(%s)'
            f' ORDER BY "{key}" FOR UPDATE),'
            f' did AS (UPDATE {table} t SET {sets} FROM was WHERE t."{key}" = was."{key}" RETURNING t.*),'
            f" noted AS ({_NOTE} SELECT %s, 'update', %s, %s, (SELECT array_agg(\"{key}\"::text) FROM did),"
            f" (SELECT {picked.format('was')}), (SELECT {picked.format('did')}) WHERE EXISTS (SELECT 1 FROM did))"
            " SELECT count(*) FROM did",
            [list(ids), *prepared, self.merge.pk, model._meta.label_lower, ",".join(columns)],
        )

    def delete(self, model, ids):
        """Delete rows that nothing points at any more. Returns how many."""
        table, key = _table(model), model._meta.pk.column
        return self._run(
            f'WITH did AS (DELETE FROM {table} WHERE "{key}" = ANY(%s) RETURNING *),'
            f" noted AS ({_NOTE} SELECT %s, 'delete', %s, '', array_agg(\"{key}\"::text), jsonb_agg(to_jsonb(did)), NULL"
            " FROM did HAVING count(*) > 0) SELECT count(*) FROM did",
            [list(ids), self.merge.pk, model._meta.label_lower],
        )

    def made(self, *objects):
        """Note rows that a rule has just written; undoing takes them away, unless they were changed since."""
        for obj in objects:
            table, key = _table(type(obj)), obj._meta.pk.column
            self._run(
                f"WITH did AS ({_NOTE} SELECT %s, 'insert', %s, '', ARRAY[%s::text], NULL, jsonb_build_array(to_jsonb(t))"
                f' FROM {table} t WHERE "{key}" = %s RETURNING 1) SELECT count(*) FROM did',
                [self.merge.pk, obj._meta.label_lower, str(obj.pk), obj.pk],
            )

    @staticmethod
    def _run(sql, values):
        with connection.cursor() as cursor:
            cursor.execute(sql, values)
            return cursor.fetchone()[0]


def undo_step(step, old, new):
    """Take one step back. Returns how many of its rows were left alone because they have changed since."""
    back = {Act.MOVE: _move_back, Act.UPDATE: _update_back, Act.DELETE: _put_back, Act.INSERT: _take_away}[step.act]
    return back(step, apps.get_model(step.model), old, new)


# What was noted goes from table to table: JSON that came through Python would lose digits.
_NOTED = "(SELECT {side} FROM contacts_mergestep WHERE id = %s)"
_IDS = "unnest((SELECT ids FROM contacts_mergestep WHERE id = %s)) AS noted(k)"


def _move_back(step, model, old, new):
    key = "id" if isinstance(model._meta.pk, models.CompositePrimaryKey) else model._meta.pk.column
    done = _execute(
        f'UPDATE {_table(model)} t SET "{step.column}" = %s FROM {_IDS} WHERE t."{step.column}" = %s AND t."{key}"::text = k',
        [old, step.pk, new],
    )
    return len(step.ids) - done


def _update_back(step, model, old, new):
    table, key = _table(model), model._meta.pk.column
    rows = f"jsonb_populate_recordset(NULL::{table}, {_NOTED})"
    left = set()
    for column in step.column.split(","):
        with connection.cursor() as cursor:
            cursor.execute(
                f'UPDATE {table} t SET "{column}" = was."{column}"'
                f' FROM {rows.format(side="before")} was JOIN {rows.format(side="after")} came USING ("{key}")'
                f' WHERE t."{key}" = was."{key}" AND t."{column}" IS NOT DISTINCT FROM came."{column}" RETURNING t."{key}"::text',
                [step.pk, step.pk],
            )
            left |= set(step.ids) - {pk for (pk,) in cursor.fetchall()}
    return len(left)


def _put_back(step, model, old, new):
    table = _table(model)
    columns = ", ".join(_quoted([f.column for f in model._meta.concrete_fields if not f.generated]))
    done = _execute(
        f"INSERT INTO {table} ({columns})"
        f" SELECT {columns} FROM jsonb_populate_recordset(NULL::{table}, {_NOTED.format(side='before')}) ON CONFLICT DO NOTHING",
        [step.pk],
    )
    return len(step.ids) - done


def _take_away(step, model, old, new):
    rows = f"jsonb_array_elements({_NOTED.format(side='after')})"
    done = _execute(f"DELETE FROM {_table(model)} t USING {rows} noted WHERE to_jsonb(t) = noted", [step.pk])
    return len(step.ids) - done


def _execute(sql, values):
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.rowcount


def _field(model, name):
    return next(f for f in model._meta.concrete_fields if name in (f.attname, f.name))


def _table(model):
    return connection.ops.quote_name(model._meta.db_table)


def _quoted(columns):
    return [f'"{column}"' for column in columns]
