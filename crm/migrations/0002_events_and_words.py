"""What models do not say: the partitioned stream, the spelling of words, and what formulas of own fields need."""

from django.db import migrations

from crm.vocabulary import FUNCTIONS, noting

# Partitioned by month; the default partition only catches what no sweep foresaw and is watched to stay empty.
EVENTS = """
CREATE SEQUENCE crm_event_id_seq AS bigint;
CREATE TABLE crm_event (
    id bigint NOT NULL DEFAULT nextval('crm_event_id_seq'),
    occurred_at timestamptz NOT NULL,
    kind varchar(60) NOT NULL,
    contact_id bigint,
    company_id bigint,
    actor_id bigint,
    target_type varchar(60) NOT NULL DEFAULT '',
    target_id bigint,
    data jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (id, occurred_at)
) PARTITION BY RANGE (occurred_at);
ALTER SEQUENCE crm_event_id_seq OWNED BY crm_event.id;
CREATE INDEX crm_event_contact ON crm_event (contact_id, occurred_at DESC, id DESC) WHERE contact_id IS NOT NULL;
CREATE INDEX crm_event_company ON crm_event (company_id, occurred_at DESC, id DESC) WHERE company_id IS NOT NULL;
CREATE INDEX crm_event_target ON crm_event (target_type, target_id, occurred_at DESC) WHERE target_id IS NOT NULL;
CREATE INDEX crm_event_kind ON crm_event (kind, occurred_at, contact_id);
CREATE TABLE crm_event_default PARTITION OF crm_event DEFAULT;
"""
# What a formula needs more than once of one value, which an expression would have to write out again.
FORMULAS = """
CREATE FUNCTION custom_bounded(numeric, integer) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE
  AS 'SELECT CASE WHEN abs($1) < 1000000000000000 THEN round($1, $2) END';
CREATE FUNCTION custom_shift(date, numeric) RETURNS date LANGUAGE sql IMMUTABLE PARALLEL SAFE
  AS 'SELECT CASE WHEN abs($2) <= 100000 THEN $1 + trunc($2)::integer END';
"""


class Migration(migrations.Migration):
    replaces = [
        ("crm", "0002_extensions"),
        ("crm", "0003_event_table"),
        ("crm", "0004_delivery"),
        ("crm", "0005_invitations"),
        ("crm", "0006_calendars"),
        ("crm", "0007_saved_view"),
        ("crm", "0008_bounces"),
        ("crm", "0009_search_words"),
        ("crm", "0010_notes_and_participants"),
        ("crm", "0011_week_start"),
        ("crm", "0012_watches"),
        ("crm", "0013_custom_fields"),
        ("crm", "0014_role_fields"),
        ("crm", "0015_file_checks"),
        ("crm", "0016_tags"),
        ("crm", "0017_delivery_account"),
        ("crm", "0018_delivery_account_index"),
        ("crm", "0019_objects"),
    ]

    dependencies = [("crm", "0001_initial")]
    operations = [
        migrations.RunSQL(EVENTS, "DROP TABLE crm_event CASCADE"),
        migrations.RunSQL(FORMULAS, "DROP FUNCTION custom_shift(date, numeric); DROP FUNCTION custom_bounded(numeric, integer)"),
        migrations.RunSQL([FUNCTIONS], ["DROP FUNCTION crm_note_words; DROP FUNCTION crm_spelling;"]),
        noting("crm_objectrecord", "name_key"),
    ]
