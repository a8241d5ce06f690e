from django.db import connection, migrations

BATCH = 20_000


def fill(apps, schema_editor):
    """Everybody who was there before stands in one stage since they came."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(id), 0) FROM contacts_contact")
        last = cursor.fetchone()[0]
        for first in range(1, last + 1, BATCH):
            cursor.execute(
                "INSERT INTO contacts_lifecyclestay (contact_id, stage, entered_at, how)"
                " SELECT id, stage, created_at, '' FROM contacts_contact c WHERE id >= %s AND id < %s"
                " AND NOT EXISTS (SELECT 1 FROM contacts_lifecyclestay s WHERE s.contact_id = c.id)",
                [first, first + BATCH],
            )


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("contacts", "0010_record_details")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
