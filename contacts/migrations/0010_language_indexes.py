"""Lists of one language, in a stage or in all, are read in the order of names."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


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
    ]
