"""What belongs to a record is found by an index in the history of notes and collaborators, and among pins."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("crm", "0002_events_and_words")]

    operations = [
        AddIndexConcurrently(
            "collaboratorevent", models.Index(fields=["target_type", "target_id"], name="collaborator_trail_about")
        ),
        AddIndexConcurrently("noteevent", models.Index(fields=["target_type", "target_id"], name="note_trail_about")),
        AddIndexConcurrently("pin", models.Index(fields=["event_id"], name="pin_of_event")),
    ]
