"""Words of names are noted; triggers note whose quality must be measured anew, in the transaction of the change, whoever makes it and however; and
the rules a company starts with."""

from django.db import migrations

from crm.vocabulary import noting

_RECORD = ["email", "phone", "country", "region", "city", "street", "postcode", "source", "owner_id", "team_id", "tags", "custom", "verified_at", "last_touch_at"]
# Table -> ({kind: columns with its key}, columns that scores are made of).
WATCHED = {
    "contacts_contact": (
        {"contact": ["id"]},
        [*_RECORD, "first_name", "middle_name", "last_name", "job_title", "company_id", "stage", "language", "time_zone", "birthday_on"],
    ),
    "contacts_company": ({"company": ["id"]}, [*_RECORD, "name", "domain", "industry", "staff", "inn", "parent_id"]),
    "contacts_contactpoint": (
        {"contact": ["contact_id"], "company": ["company_id"]},
        ["contact_id", "company_id", "kind", "is_primary", "bounced_at", "verified_at"],
    ),
    "contacts_employment": ({"contact": ["contact_id"]}, ["contact_id", "company_id", "is_primary", "has_left"]),
    "contacts_contactpair": ({"contact": ["first_id", "second_id"]}, ["first_id", "second_id", "score", "state"]),
    "contacts_companypair": ({"company": ["first_id", "second_id"]}, ["first_id", "second_id", "score", "state"]),
}  # fmt: skip
# A statement that writes more rows than this is noted as “all”: that is cheaper than as many notes.
MANY = 20_000
_FUNCTION = """
CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN
  SELECT count(*) INTO n FROM {counted};
  IF n > {many} THEN
    {whole}
  ELSIF n > 0 THEN
    {single}
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER {name} AFTER {act} ON {table} REFERENCING {tables} FOR EACH STATEMENT EXECUTE FUNCTION {name}();
"""


def _one(table, act, tables, keys, rows):
    """`rows` are (alias, FROM clause) that give the changed rows."""
    single = " ".join(
        "INSERT INTO contacts_qualitymark (kind, record_id)"
        f" SELECT DISTINCT '{kind}', {alias}.{column} FROM {source} AND {alias}.{column} IS NOT NULL;"
        for kind, columns in keys.items()
        for column in columns
        for alias, source in rows
    )
    whole = " ".join(f"INSERT INTO contacts_qualitymark (kind) VALUES ('{kind}');" for kind in keys)
    name = f"quality_{table}_{act.lower()}"
    return _FUNCTION.format(
        name=name, counted=rows[0][1], many=MANY, whole=whole, single=single, act=act, table=table, tables=tables
    )


def _create():
    statements = []
    for table, (keys, columns) in WATCHED.items():
        # A statement that changes another column (the score, the next step, the quality itself) is none of ours.
        before, after = (", ".join(f"{side}.{column}" for column in columns) for side in "on")
        changed = f"after n JOIN before o ON o.id = n.id WHERE ({before}) IS DISTINCT FROM ({after})"
        # A record keeps its key; what hangs on it may have gone over to another one.
        both = [("n", changed)] if table in _RECORDS else [("n", changed), ("o", changed)]
        statements += [
            _one(table, "INSERT", "NEW TABLE AS after", keys, [("n", "after n WHERE true")]),
            _one(table, "DELETE", "OLD TABLE AS before", keys, [("o", "before o WHERE true")]),
            _one(table, "UPDATE", "OLD TABLE AS before NEW TABLE AS after", keys, both),
        ]
    return "".join(statements)


def _drop():
    names = [(table, f"quality_{table}_{act}") for table in WATCHED for act in ("insert", "delete", "update")]
    return "".join(f"DROP TRIGGER {name} ON {table}; DROP FUNCTION {name}();" for table, name in names)


_RECORDS = {"contacts_contact", "contacts_company"}
# (kind, dimension, test, field, weight, days)
RULES = [
    ("contact", "completeness", "filled", "name", 20, None),
    ("contact", "completeness", "filled", "email", 25, None),
    ("contact", "completeness", "filled", "phone", 15, None),
    ("contact", "completeness", "filled", "company", 15, None),
    ("contact", "completeness", "filled", "owner", 10, None),
    ("contact", "completeness", "filled", "city", 5, None),
    ("contact", "completeness", "filled", "language", 5, None),
    ("contact", "completeness", "filled", "birthday_on", 5, None),
    ("contact", "validity", "name", "", 30, None),
    ("contact", "validity", "last_name", "", 10, None),
    ("contact", "validity", "email", "", 20, None),
    ("contact", "validity", "bounced", "", 20, None),
    ("contact", "validity", "phone", "", 15, None),
    ("contact", "validity", "company", "", 10, None),
    ("contact", "validity", "owner", "", 10, None),
    ("contact", "validity", "birthday", "", 5, None),
    ("contact", "freshness", "fresh", "", 10, 365),
    ("contact", "uniqueness", "duplicate", "", 10, None),
    ("contact", "consistency", "phone_country", "", 10, None),
    ("contact", "consistency", "case", "", 10, None),
    ("contact", "consistency", "has_left", "", 10, None),
    ("contact", "consistency", "mail_domain", "", 5, None),
    ("company", "completeness", "filled", "email", 20, None),
    ("company", "completeness", "filled", "phone", 20, None),
    ("company", "completeness", "filled", "domain", 15, None),
    ("company", "completeness", "filled", "owner", 15, None),
    ("company", "completeness", "filled", "city", 10, None),
    ("company", "completeness", "filled", "industry", 10, None),
    ("company", "completeness", "filled", "country", 10, None),
    ("company", "validity", "company_name", "", 30, None),
    ("company", "validity", "email", "", 20, None),
    ("company", "validity", "bounced", "", 20, None),
    ("company", "validity", "phone", "", 15, None),
    ("company", "validity", "inn", "", 15, None),
    ("company", "validity", "domain", "", 10, None),
    ("company", "validity", "owner", "", 10, None),
    ("company", "freshness", "fresh", "", 10, 365),
    ("company", "uniqueness", "duplicate", "", 10, None),
    ("company", "consistency", "phone_country", "", 10, None),
    ("company", "consistency", "mail_domain", "", 5, None),
]
CUSTOMER = {"all": [{"field": "stage", "op": "is", "value": "customer"}, {"field": "owner", "op": "empty"}]}


def fill(apps, schema_editor):
    rule = apps.get_model("contacts", "QualityRule")
    for position, (subject, dimension, test, field, weight, days) in enumerate(RULES, start=1):
        rule.objects.create(
            subject=subject, dimension=dimension, test=test, field=field, weight=weight, days=days, position=position * 10
        )
    rule.objects.create(
        subject="contact", dimension="consistency", test="condition", field="owner", weight=10, tree=CUSTOMER, position=500,
        name_en="A customer of nobody", name_ru="Клиент без владельца", fix_en="Give the customer to somebody.",
        fix_ru="Назначьте владельца.",
    )  # fmt: skip


class Migration(migrations.Migration):
    replaces = [
        ("contacts", "0001_initial"),
        ("contacts", "0002_imports"),
        ("contacts", "0003_import_stopped"),
        ("contacts", "0004_search_words"),
        ("contacts", "0005_city_as_written"),
        ("contacts", "0006_words_always"),
        ("contacts", "0007_work"),
        ("contacts", "0008_work_indexes"),
        ("contacts", "0009_duplicates_and_merges"),
        ("contacts", "0010_record_details"),
        ("contacts", "0011_first_lifecycle_stays"),
        ("contacts", "0012_import_depth"),
        ("contacts", "0013_name_codes"),
        ("contacts", "0014_name_code_indexes"),
        ("contacts", "0015_candidates"),
        ("contacts", "0016_consent_ledger"),
        ("contacts", "0017_consent_unsealed"),
        ("contacts", "0018_company_code"),
        ("contacts", "0019_personal_mailbox"),
        ("contacts", "0020_quality"),
        ("contacts", "0021_quality_marks"),
        ("contacts", "0022_quality_figures"),
        ("contacts", "0023_personal_data"),
        ("contacts", "0024_privacy_rights"),
        ("contacts", "0025_left_main_index"),
        ("contacts", "0026_letters_written_here"),
        ("contacts", "0027_object_links"),
    ]

    dependencies = [("contacts", "0002_initial")]

    operations = [
        noting("contacts_contact", "name_key"),
        noting("contacts_company", "name_key"),
        migrations.RunSQL(_create(), _drop()),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
