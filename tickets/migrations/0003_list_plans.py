"""Indexes for asking who has an open ticket."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


def _open_of(column):
    condition = models.Q(status__in=("new", "open", "pending"))
    return AddIndexConcurrently(
        "ticket", models.Index(fields=[column, "created_at"], condition=condition, name=f"ticket_open_{column}")
    )


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("tickets", "0002_numbers_and_words")]

    operations = [_open_of("requester"), _open_of("company")]
