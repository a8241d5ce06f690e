"""What belongs to a person is found by an index among tasks and in their history, too."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


def _about(model, name):
    return AddIndexConcurrently(model, models.Index(fields=["target_type", "target_id"], name=name))


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("contacts", "0008_retention_left")]

    operations = [
        _about("task", "task_about"),
        _about("recurrence", "recurrence_about"),
        _about("recurrenceevent", "recurrence_trail_about"),
        _about("taskevent", "task_trail_about"),
    ]
