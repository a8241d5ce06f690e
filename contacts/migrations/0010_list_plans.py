"""What lists of a million people are planned by: names of one language in their order, and how common a text is."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

# Texts are compared without regard to capitals, and of an expression the database knows nothing by itself: it takes
# every value for common and walks through all names to find one that is not there.
_TEXTS = ("region", "postcode", "job_title", "phone", "source")


def _known(column):
    return migrations.RunSQL(
        f"CREATE STATISTICS contact_{column}_upper ON (upper({column}::text)) FROM contacts_contact",
        f"DROP STATISTICS contact_{column}_upper",
    )


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("contacts", "0009_trail_indexes")]

    operations = [
        AddIndexConcurrently(
            "contact", models.Index(fields=["language", "name_key", "id"], name="contact_by_language")
        ),
        AddIndexConcurrently(
            "contact",
            models.Index(fields=["stage", "language", "name_key", "id"], name="contact_by_stage_language"),
        ),
        AddIndexConcurrently("task", models.Index(fields=["due_at", "id"], name="task_by_due")),
        *map(_known, _TEXTS),
        # Otherwise they begin to count when a tenth of the table has changed.
        migrations.RunSQL("ANALYZE contacts_contact", migrations.RunSQL.noop),
    ]
