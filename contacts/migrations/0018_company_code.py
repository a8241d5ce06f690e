"""Legal forms are words between blanks: what a letter is depends on the collation of the column, which is C here."""

from django.db import migrations

_FORMS = (
    "ооо|оао|зао|пао|нао|ао|ип|тоо|гк|гуп|муп|llc|llp|ltd|limited|inc|corp|corporation|company|plc|gmbh|ag|kg|ohg|se|sa|sas|sarl|"
    "srl|spa|bv|nv|oy|ab|aps|pty|kft"
)
_REPLACE = f"""
CREATE OR REPLACE FUNCTION contacts_company_code(key text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS $$
  SELECT public.contacts_name_code(
    regexp_replace(' ' || translate(key, '«»"„“”.,()&''', '            ') || ' ', ' ({_FORMS})(?= )', ' ', 'g'))
$$;
"""  # noqa: S608  the words are ours


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("contacts", "0017_consent_unsealed")]
    operations = [
        migrations.RunSQL(_REPLACE, migrations.RunSQL.noop),
        migrations.RunSQL("REINDEX INDEX CONCURRENTLY company_by_sound", migrations.RunSQL.noop),
    ]
