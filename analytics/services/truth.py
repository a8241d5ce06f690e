"""What the records say the facts must be, and where the two differ: SQL of both."""

from analytics.models import DealFact, OrderFact, TicketFact

# The facts as the records say. {one} narrows to the keys of a batch.
TRUTH = {
    "order": (
        "analytics_orderfact",
        "order_id",
        """
        SELECT o.id AS order_id, o.contact_id, o.owner_id, o.team_id, o.paid_at,
          CASE WHEN o.contact_id IS NOT NULL THEN {first} END AS first_at,
          o.contact_id IS NOT NULL AND {is_first} AS is_first, o.amount_base
        FROM deals_order o WHERE o.paid_at IS NOT NULL AND o.cancelled_at IS NULL {one}
        """,
    ),
    "deal": (
        "analytics_dealfact",
        "deal_id",
        """
        SELECT d.id AS deal_id, d.pipeline_id, d.owner_id, d.team_id, d.state,
          coalesce(max(s.position) FILTER (WHERE s.kind IN ('open', 'hold')), 0) AS reached, d.created_at, d.closed_at, d.amount_base
        FROM deals_deal d LEFT JOIN deals_stagestay t ON t.deal_id = d.id
          LEFT JOIN deals_stage s ON s.id = t.stage_id AND s.pipeline_id = d.pipeline_id
        WHERE true {one} GROUP BY d.id
        """,
    ),
    "ticket": (
        "analytics_ticketfact",
        "ticket_id",
        """
        SELECT t.id AS ticket_id, t.mailbox_id, t.owner_id, t.team_id, t.first_response_at AS answered_at,
          t.business_response AS answer_work, extract(epoch FROM t.first_response_at - t.created_at)::float8 AS answer_calendar,
          t.resolved_at AS solved_at, t.business_resolution AS solution_work,
          extract(epoch FROM t.resolved_at - t.created_at)::float8 AS solution_calendar, t.reopened > 0 AS reopened
        FROM tickets_ticket t WHERE (t.first_response_at IS NOT NULL OR t.resolved_at IS NOT NULL) {one}
        """,
    ),
}
_ALIAS = {"order": "o", "deal": "d", "ticket": "t"}
# Over everybody one window is cheaper than a look at the index for each order.
_FIRST_OF_ALL = (
    "min(o.paid_at) OVER (PARTITION BY o.contact_id)",
    "row_number() OVER (PARTITION BY o.contact_id ORDER BY o.paid_at, o.id) = 1",
)
_OF_BUYER = "FROM deals_order x WHERE x.contact_id = o.contact_id AND x.paid_at IS NOT NULL AND x.cancelled_at IS NULL"
_FIRST_OF_ONE = (
    f"(SELECT min(x.paid_at) {_OF_BUYER})",
    f"NOT EXISTS (SELECT 1 {_OF_BUYER} AND (x.paid_at, x.id) < (o.paid_at, o.id))",
)
_NOTED_BUYERS = """
SELECT contact_id FROM (
  SELECT o.contact_id FROM analytics_dirtyfact n JOIN deals_order o ON o.id = n.record_id WHERE n.kind = 'order'
  UNION ALL SELECT f.contact_id FROM analytics_dirtyfact n JOIN analytics_orderfact f ON f.order_id = n.record_id WHERE n.kind = 'order'
) b WHERE contact_id IS NOT NULL
"""


def truth(kind, *, one=""):
    """The SELECT of a kind's facts out of its records; with `one`, a predicate on its key, of these only."""
    first, is_first = _FIRST_OF_ONE if one else _FIRST_OF_ALL
    return TRUTH[kind][2].format(first=first, is_first=is_first, one=f"AND {_ALIAS[kind]}.{one}" if one else "")


def difference(kind, *, noted=True):
    """The keys whose fact is not what the record says, in one statement: facts, records and notes of one moment.

    With `noted`, records that wait to be counted are left out.
    """
    table, key, _sql = TRUTH[kind]
    sql = (
        f"SELECT coalesce(f.{key}, r.{key}) FROM {table} f FULL JOIN ({truth(kind)}) r ON f.{key} = r.{key}"  # noqa: S608
        f" WHERE ({_same(kind, 'f')}) IS DISTINCT FROM ({_same(kind, 'r')})"
    )
    if not noted:
        return sql
    sql += (
        f" AND NOT EXISTS (SELECT 1 FROM analytics_dirtyfact n WHERE n.kind = '{kind}'"  # noqa: S608
        f" AND (n.record_id IS NULL OR n.record_id = coalesce(f.{key}, r.{key})))"
    )
    # A purchase changes with those of its buyer: one of them may have become the first.
    return sql if kind != "order" else sql + f" AND coalesce(f.contact_id, r.contact_id, 0) NOT IN ({_NOTED_BUYERS})"


def _same(kind, side):
    return ", ".join(f"{side}.{column}" for column in columns(kind))


def columns(kind):
    """The columns of a kind's facts."""
    model = {"order": OrderFact, "deal": DealFact, "ticket": TicketFact}[kind]
    return [field.column for field in model._meta.concrete_fields]
