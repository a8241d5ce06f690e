"""Facts kept equal to the records they are counted from: the noted ones anew, all of them anew, and a check of both."""

from django.db import connection, transaction
from django.utils import timezone

from analytics.models import DirtyFact, FactState
from analytics.services import times
from analytics.services.truth import TRUTH, columns, difference, truth
from crm.models import Workspace

# How many noted changes one transaction counts.
BATCH = 5000
_LOCK = "SELECT pg_advisory_xact_lock(hashtext('analytics.facts'))"
_TRY = "SELECT pg_try_advisory_xact_lock(hashtext('analytics.facts'))"

CELLS = """
SELECT date_trunc('quarter', first_at AT TIME ZONE %(zone)s)::date AS joined_on, date_trunc('quarter', paid_at AT TIME ZONE %(zone)s)::date AS bought_on,
  count(DISTINCT contact_id) AS people, sum(amount_base) AS revenue_base
FROM analytics_orderfact WHERE contact_id IS NOT NULL {one} GROUP BY 1, 2
"""
_ADD_CELLS = """
INSERT INTO analytics_cohortcell AS c (joined_on, bought_on, people, revenue_base)
SELECT joined_on, bought_on, {sign} people, {sign} revenue_base FROM ({cells}) x
ON CONFLICT (joined_on, bought_on) DO UPDATE SET people = c.people + EXCLUDED.people, revenue_base = c.revenue_base + EXCLUDED.revenue_base
"""
_ADD_TIMES = """
INSERT INTO analytics_timecell AS c (month_on, measure, place, n) SELECT month_on, measure, place, {sign} n FROM ({cells}) x
ON CONFLICT (month_on, measure, place) DO UPDATE SET n = c.n + EXCLUDED.n
"""


@transaction.atomic
def settle(limit=BATCH, *, wait=False):
    """Write the facts of up to `limit` noted changes anew; returns how many were taken.

    One at a time: without `wait`, somebody who is already at it makes this return 0. Changes noted meanwhile stay.
    """
    if not DirtyFact.objects.exists() and _zone_is_known():
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_LOCK if wait else _TRY)
        if cursor.fetchone()[0] is False:
            return 0
        cursor.execute(
            "DELETE FROM analytics_dirtyfact WHERE id IN (SELECT id FROM analytics_dirtyfact ORDER BY id LIMIT %s) RETURNING kind, record_id",
            [limit],
        )
        taken = cursor.fetchall()
        # What the records say is read after the notes were taken: whatever is committed later is noted again.
        for kind in TRUTH:
            keys = {key for of, key in taken if of == kind}
            if None in keys:
                _write_all(cursor, kind)
            elif keys:
                _write(cursor, kind, sorted(keys))
        if not _zone_is_known():
            _write_cells(cursor)
    return len(taken)


def settle_all():
    """Count until nothing is noted any more."""
    while settle(wait=True):
        pass


def rebuild():
    """Write all facts anew out of the records, and forget what was noted: seeds, repairs."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_LOCK)
        # Only what is already there: a change that commits while we read must stay noted.
        cursor.execute("DELETE FROM analytics_dirtyfact")
        for kind in TRUTH:
            _write_all(cursor, kind)


def pending():
    """How many noted changes wait, counted to 10,000."""
    return len(DirtyFact.objects.values_list("pk")[:10_000])


@transaction.atomic
def check():
    """Hold all facts against the records and mend what differs: {kind: number of differing rows}, empty when all is well.

    Notes not yet counted are no mistakes: their records are left out of the comparison.
    """
    found = {}
    with connection.cursor() as cursor:
        cursor.execute(_LOCK)
        cursor.execute("SET LOCAL work_mem = '128MB'")
        for kind in TRUTH:
            cursor.execute(difference(kind))
            keys = [key for (key,) in cursor.fetchall()]
            if keys:
                found[kind] = len(keys)
                _write(cursor, kind, keys) if len(keys) <= BATCH else _write_all(cursor, kind)
        if not _zone_is_known():
            _write_cells(cursor)
        wrong = {"cohort": _wrong_cells(cursor), "time": _wrong_times(cursor)}
        if any(wrong.values()):
            found |= {name: n for name, n in wrong.items() if n}
            _write_cells(cursor)
        FactState.objects.update_or_create(pk=1, defaults={"checked_at": timezone.now(), "differences": found})
    return found


def _wrong_cells(cursor):
    zone = Workspace.get().time_zone
    cursor.execute(
        f"SELECT count(*) FROM analytics_cohortcell c FULL JOIN ({CELLS.format(one='')}) r USING (joined_on, bought_on)"  # noqa: S608
        " WHERE (c.people, c.revenue_base) IS DISTINCT FROM (r.people, r.revenue_base)",
        {"zone": zone},
    )
    return cursor.fetchone()[0]


def _wrong_times(cursor):
    cursor.execute(
        f"SELECT count(*) FROM analytics_timecell c FULL JOIN ({times.cells()}) r USING (month_on, measure, place)"  # noqa: S608
        " WHERE c.n IS DISTINCT FROM r.n",
        times.bounds(),
    )
    return cursor.fetchone()[0]


def _zone_is_known():
    return FactState.objects.filter(pk=1, zone=Workspace.get().time_zone).exists()


def _write(cursor, kind, keys):
    """The facts of some records."""
    if kind == "order":
        _write_orders(cursor, keys)
        return
    table, key, _sql = TRUTH[kind]
    if kind == "ticket":
        _add_times(cursor, "-", keys)
    cursor.execute(f"DELETE FROM {table} WHERE {key} = ANY(%s)", [keys])  # noqa: S608
    _insert(cursor, kind, truth(kind, one="id = ANY(%s)"), [keys])
    if kind == "ticket":
        _add_times(cursor, "+", keys)
        cursor.execute("DELETE FROM analytics_timecell WHERE n = 0")


def _add_times(cursor, sign, keys):
    """Put the times of some requests on the cells, or take them off."""
    sql = _ADD_TIMES.format(sign=sign, cells=times.cells("AND ticket_id = ANY(%(keys)s)"))
    cursor.execute(sql, times.bounds(_zone_of_cells()) | {"keys": keys})


def _write_orders(cursor, keys):
    """Purchases with all others of their buyers: one of them may have become the first, or no longer be it."""
    cursor.execute(
        "SELECT DISTINCT contact_id FROM (SELECT contact_id FROM analytics_orderfact WHERE order_id = ANY(%(keys)s)"
        " UNION ALL SELECT contact_id FROM deals_order WHERE id = ANY(%(keys)s)) x WHERE contact_id IS NOT NULL",
        {"keys": keys},
    )
    buyers = [contact for (contact,) in cursor.fetchall()]
    values = {"keys": keys, "buyers": buyers, "zone": _zone_of_cells()}
    cells = CELLS.format(one="AND contact_id = ANY(%(buyers)s)")
    cursor.execute(_ADD_CELLS.format(sign="-", cells=cells), values)
    cursor.execute(
        "DELETE FROM analytics_orderfact WHERE order_id = ANY(%(keys)s) OR contact_id = ANY(%(buyers)s)", values
    )
    # An order that has just gone over to another buyer is noted and waits: the cells of that buyer are not open here.
    mine = "(o.contact_id = ANY(%(buyers)s) OR o.id = ANY(%(keys)s) AND o.contact_id IS NULL)"
    _insert(cursor, "order", truth("order", one="id IS NOT NULL") + f" AND {mine}", values)
    cursor.execute(_ADD_CELLS.format(sign="+", cells=cells), values)
    cursor.execute("DELETE FROM analytics_cohortcell WHERE people = 0")


def _write_all(cursor, kind):
    """All facts of a kind: the few that differ, or everything at once when they are many, as at first."""
    cursor.execute(difference(kind, noted=False))
    keys = [key for (key,) in cursor.fetchall()]
    if len(keys) <= BATCH:
        if keys:
            _write(cursor, kind, keys)
        return
    cursor.execute(f"DELETE FROM {TRUTH[kind][0]}")  # noqa: S608
    _insert(cursor, kind, truth(kind), None)
    if kind != "deal":
        _write_cells(cursor)


def _insert(cursor, kind, select, values):
    names = ", ".join(columns(kind))
    cursor.execute(f"INSERT INTO {TRUTH[kind][0]} ({names}) SELECT {names} FROM ({select}) x", values)  # noqa: S608


def _write_cells(cursor):
    """All cells, in the zone the company has now."""
    zone = Workspace.get().time_zone
    FactState.objects.update_or_create(pk=1, defaults={"zone": zone})
    cursor.execute("DELETE FROM analytics_cohortcell")
    cursor.execute(_ADD_CELLS.format(sign="+", cells=CELLS.format(one="")), {"zone": zone})
    cursor.execute("DELETE FROM analytics_timecell")
    cursor.execute(_ADD_TIMES.format(sign="+", cells=times.cells()), times.bounds(zone))


def _zone_of_cells():
    """The zone the cells were cut in: what is taken off must be what was put on."""
    state = FactState.objects.filter(pk=1).first()
    return state.zone if state and state.zone else Workspace.get().time_zone
