from django.db import migrations

# Partitioned by month; the default partition only catches what no sweep foresaw and is watched to stay empty.
CREATE = """
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


class Migration(migrations.Migration):
    dependencies = [("crm", "0002_extensions")]
    operations = [migrations.RunSQL(CREATE, "DROP TABLE crm_event CASCADE")]
