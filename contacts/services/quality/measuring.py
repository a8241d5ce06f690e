"""Scores kept current: triggers note what changed (migration 0021), `settle` measures it anew in batches.

A batch costs a handful of statements whatever its size. Measuring twice writes nothing the second time; locks are taken
in the order of the keys, so that two who measure the same people wait for each other.
"""

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from contacts.models import QualityMark, QualityRule, QualitySettings
from contacts.models.quality import Dimension
from contacts.services.quality import facts
from contacts.services.quality.rules import GAP_BELOW, MODELS, current, share_of
from crm import bulk
from crm.models import Workspace

# How many records one round of statements measures, and how many noted changes one transaction takes.
BATCH = 2000
TAKEN = 5000
_TRY = "SELECT pg_try_advisory_xact_lock(hashtext('contacts.quality'))"
_FACTS = {"contact": (facts.of_contact, facts.CONTACT), "company": (facts.of_company, facts.COMPANY)}


class Measure:
    """One kind of record with the rules and weights of now; `of(ids)` measures some of them."""

    def __init__(self, kind):
        self.kind = kind
        self.model, self.quality = MODELS[kind]
        self.table = self.quality._meta.db_table
        self.rules = current(kind)
        self.weights = QualitySettings.get().weights
        self.region = Workspace.get().country

    @transaction.atomic
    def of(self, ids):
        """Measure records; returns how many scores have changed."""
        ids = sorted(set(ids))
        if not ids:
            return 0
        with connection.cursor() as cursor:
            self._note_facts(cursor, ids)
            changed = self._score(cursor, ids)
            self._repeat(cursor, ids)
        return changed

    def _note_facts(self, cursor, ids):
        """A row for each record that is there, with what the program sees in its texts."""
        read, names = _FACTS[self.kind]
        rows = self.model.objects.filter(pk__in=bulk.among(ids, "bigint")).only("pk", *names).order_by("pk")
        found = [(row.pk, ",".join(read(row, self.region))) for row in rows]
        here = {pk for pk, _codes in found}
        cursor.execute(
            f"INSERT INTO {self.table} AS q (record_id, facts, gaps, total, measured_at)"  # noqa: S608  names out of the models
            " SELECT pk, string_to_array(codes, ','), '{}', 0, %s FROM unnest(%s::bigint[], %s::text[]) n (pk, codes)"
            " ON CONFLICT (record_id) DO UPDATE SET facts = EXCLUDED.facts WHERE q.facts <> EXCLUDED.facts",
            [timezone.now(), [pk for pk, _codes in found], [codes for _pk, codes in found]],
        )
        if gone := [pk for pk in ids if pk not in here]:
            self.quality.objects.filter(pk__in=gone).delete()

    def _score(self, cursor, ids):
        sql, params = self.scores(ids)
        columns = [*Dimension.values, "total", "gaps"]
        now, new = (", ".join(f"{side}.{name}" for name in columns) for side in "qn")
        cursor.execute(
            f"UPDATE {self.table} q SET {', '.join(f'{name} = n.{name}' for name in columns)}, measured_at = %s"  # noqa: S608
            f" FROM ({sql}) n WHERE q.record_id = n.id AND ({now}) IS DISTINCT FROM ({new})",
            [timezone.now(), *params],
        )
        return cursor.rowcount

    def scores(self, ids=None):
        """SQL and parameters for (id, dimensions, total, gaps) of some records, of all without `ids`."""
        rows = self.model.objects.order_by()
        if ids is not None:
            rows = rows.filter(pk__in=bulk.among(ids, "bigint"))
        shares = {f"r{rule.pk}": share_of(rule, few=ids is not None) for rule in self.rules}
        inner, params = rows.annotate(**shares).values_list("pk", *shares).query.sql_with_params()
        names = ", ".join(["id", *shares])
        dimensions = ", ".join(f"{self._dimension(name)} AS {name}" for name in Dimension.values)
        return (
            # Each share is worked out once, though it is asked for three times.
            f"WITH shares ({names}) AS MATERIALIZED ({inner}),"  # noqa: S608
            f" scores AS (SELECT id, {dimensions}, {self._gaps()} AS gaps FROM shares)"
            f" SELECT id, {', '.join(Dimension.values)}, {self._total()} AS total, gaps FROM scores",
            params,
        )

    def _dimension(self, name):
        mine = [rule for rule in self.rules if rule.dimension == name]
        if not mine:
            return "NULL::numeric"
        kept = " + ".join(f"coalesce({rule.weight} * r{rule.pk}, 0)" for rule in mine)
        asked = " + ".join(f"CASE WHEN r{rule.pk} IS NULL THEN 0 ELSE {rule.weight} END" for rule in mine)
        return f"round((100 * ({kept}) / nullif({asked}, 0))::numeric, 1)"

    def _total(self):
        kept = " + ".join(f"coalesce({weight} * {name}, 0)" for name, weight in self.weights.items())
        asked = " + ".join(
            f"CASE WHEN {name} IS NULL THEN 0 ELSE {weight} END" for name, weight in self.weights.items()
        )
        return f"coalesce(round(({kept}) / nullif({asked}, 0)), 0)::smallint"

    def _gaps(self):
        if not self.rules:
            return "'{}'::bigint[]"
        gaps = ", ".join(f"CASE WHEN r{rule.pk} < {GAP_BELOW} THEN {rule.pk}::bigint END" for rule in self.rules)
        return f"array_remove(ARRAY[{gaps}], NULL)"

    def _repeat(self, cursor, ids):
        """Lists show and filter by the figure on the record itself."""
        table = self.model._meta.db_table
        cursor.execute(
            f"UPDATE {table} c SET quality = n.total FROM (SELECT c.id, q.total FROM {table} c"  # noqa: S608
            f" JOIN {self.table} q ON q.record_id = c.id WHERE c.id = ANY(%s) AND c.quality <> q.total"
            " ORDER BY c.id FOR NO KEY UPDATE OF c) n WHERE n.id = c.id",
            [ids],
        )


def measure(record):
    """Measure one record at once and let the object in hand show it. The page that has changed it waits for this."""
    kind = record._meta.model_name
    Measure(kind).of([record.pk])
    found = MODELS[kind][1].objects.filter(pk=record.pk).first()
    record.quality = found.total if found else 0
    record._state.fields_cache["measured"] = found
    return found


def settle(limit=TAKEN):
    """Measure up to `limit` of the noted records; returns how many notes were taken.

    One at a time: somebody who is already at it makes this return 0. What is noted meanwhile stays.
    """
    if not QualityMark.objects.exists():
        return 0
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_TRY)
        if not cursor.fetchone()[0]:
            return 0
        cursor.execute(
            "DELETE FROM contacts_qualitymark WHERE id IN (SELECT id FROM contacts_qualitymark ORDER BY id LIMIT %s)"
            " RETURNING kind, record_id, after",
            [limit],
        )
        taken = cursor.fetchall()
        for kind in MODELS:
            one = Measure(kind)
            ids = {pk for of, pk, _after in taken if of == kind and pk is not None}
            whole = [after for of, pk, after in taken if of == kind and pk is None]
            if whole:
                ids |= _next(one, min(whole), limit)
            for chunk in _chunks(sorted(ids)):
                one.of(chunk)
    return len(taken)


def _next(one, after, limit):
    """The keys of a stretch of all records; the rest is noted for the next round."""
    ids = list(one.model.objects.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:limit])
    if len(ids) == limit:
        QualityMark.objects.create(kind=one.kind, after=ids[-1])
    return set(ids)


def settle_all():
    """Measure until nothing is noted any more."""
    while settle():
        pass


def mark_all(kind):
    """Note all records of a kind: the rules or their weights have changed, or a day has passed."""
    QualityMark.objects.create(kind=kind)


def differences(kind):
    """How many records show another score than their data give now: 0 unless something is noted and not yet measured."""
    one = Measure(kind)
    sql, params = one.scores()
    names = [*Dimension.values, "total", "gaps"]
    shown, right = (", ".join(f"{side}.{name}" for name in names) for side in "qn")
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM ({sql}) n FULL JOIN {one.table} q ON q.record_id = n.id"  # noqa: S608
            f" WHERE ({shown}) IS DISTINCT FROM ({right})",
            params,
        )
        return cursor.fetchone()[0] + one.model.objects.exclude(quality=F("measured__total")).count()


def missed(kind):
    """{dimension: records that show another score than their data give, though nothing is noted of them}, 0 left out.

    Freshness and dimensions with a condition are left out: they move with the days, by which no trigger rings.
    """
    if QualityMark.objects.filter(kind=kind, record_id=None).exists():
        return {}
    one = Measure(kind)
    moving = {rule.dimension for rule in one.rules if rule.test == QualityRule.CONDITION} | {Dimension.FRESHNESS}
    names = [name for name in Dimension.values if name not in moving]
    sql, params = one.scores()
    counts = ", ".join(f"count(*) FILTER (WHERE n.{name} IS DISTINCT FROM q.{name})" for name in names)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {counts} FROM ({sql}) n LEFT JOIN {one.table} q ON q.record_id = n.id"  # noqa: S608
            " WHERE n.id NOT IN (SELECT record_id FROM contacts_qualitymark WHERE kind = %s AND record_id IS NOT NULL)",
            [*params, kind],
        )
        return {name: n for name, n in zip(names, cursor.fetchone(), strict=True) if n}


def _chunks(ids):
    return [ids[start : start + BATCH] for start in range(0, len(ids), BATCH)]
