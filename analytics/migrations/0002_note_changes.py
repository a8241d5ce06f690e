"""Triggers that note which facts must be counted anew: in the transaction of the change, whoever makes it and however."""

from django.db import migrations

# Table of the raw rows -> (kind of fact, column with its key, columns that the fact is made of).
WATCHED = {
    "deals_order": ("order", "id", ["contact_id", "owner_id", "team_id", "paid_at", "cancelled_at", "amount_base"]),
    "deals_deal": (
        "deal",
        "id",
        ["pipeline_id", "owner_id", "team_id", "state", "created_at", "closed_at", "amount_base"],
    ),
    "deals_stagestay": ("deal", "deal_id", ["deal_id", "stage_id"]),
    "tickets_ticket": (
        "ticket",
        "id",
        ["mailbox_id", "owner_id", "team_id", "created_at", "first_response_at", "business_response", "resolved_at", "business_resolution", "reopened"],
    ),
}  # fmt: skip
_FUNCTION = """
CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO analytics_dirtyfact (kind, record_id) {rows};
  RETURN NULL;
END $$;
CREATE TRIGGER {name} AFTER {act} ON {table} REFERENCING {tables} FOR EACH STATEMENT EXECUTE FUNCTION {name}();
"""


def _one(table, act, tables, rows):
    name = f"analytics_{table}_{act.lower()}"
    return _FUNCTION.format(name=name, table=table, act=act, tables=tables, rows=rows)


def _create():
    statements = []
    for table, (kind, key, columns) in WATCHED.items():
        # A statement that changes another column (a card dragged, a letter come in) is none of ours.
        before, after = (", ".join(f"{side}.{column}" for column in columns) for side in "on")
        changed = f"FROM after n JOIN before o ON o.id = n.id WHERE ({before}) IS DISTINCT FROM ({after})"
        both = f"SELECT '{kind}', n.{key} {changed}"
        if key != "id":
            both += f" UNION SELECT '{kind}', o.{key} {changed}"
        statements += [
            _one(table, "INSERT", "NEW TABLE AS after", f"SELECT DISTINCT '{kind}', {key} FROM after"),
            _one(table, "DELETE", "OLD TABLE AS before", f"SELECT DISTINCT '{kind}', {key} FROM before"),
            _one(table, "UPDATE", "OLD TABLE AS before NEW TABLE AS after", both),
        ]
    # Stages are few and rarely moved: one that is changes what every deal of its pipeline has reached.
    moved = (
        "SELECT DISTINCT 'deal', NULL::bigint FROM after n JOIN before o ON o.id = n.id"
        " WHERE (o.position, o.kind, o.pipeline_id) IS DISTINCT FROM (n.position, n.kind, n.pipeline_id)"
    )
    statements.append(_one("deals_stage", "UPDATE", "OLD TABLE AS before NEW TABLE AS after", moved))
    return "".join(statements)


def _drop():
    acts = ("INSERT", "DELETE", "UPDATE")
    names = [(table, f"analytics_{table}_{act.lower()}") for table in WATCHED for act in acts]
    names.append(("deals_stage", "analytics_deals_stage_update"))
    return "".join(f"DROP TRIGGER {name} ON {table}; DROP FUNCTION {name}();" for table, name in names)


class Migration(migrations.Migration):
    replaces = [
        ("analytics", "0002_facts_and_targets"),
        ("analytics", "0003_note_changes"),
        ("analytics", "0004_first_purchase"),
        ("analytics", "0005_times"),
    ]

    dependencies = [
        ("analytics", "0001_initial"),
        ("deals", "0001_initial"),
        ("tickets", "0001_initial"),
    ]

    operations = [migrations.RunSQL(_create(), _drop())]
