"""Indexes of a large table, built while people work."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("contacts", "0007_work")]

    operations = [
        AddIndexConcurrently(
            "task",
            models.Index(
                fields=["company", "due_at"], condition=models.Q(("done_at", None)), name="task_next_of_company"
            ),
        ),
        AddIndexConcurrently("task", models.Index(fields=["owner", "due_at", "id"], name="task_calendar")),
    ]
