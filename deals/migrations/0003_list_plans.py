"""Indexes for the list of deals by closing date, and for asking who has an open deal."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


def _open_of(column):
    condition = models.Q(state__in=["open", "hold"])
    return AddIndexConcurrently(
        "deal", models.Index(fields=[column, "created_at"], condition=condition, name=f"deal_open_{column}")
    )


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("deals", "0002_words")]

    operations = [
        AddIndexConcurrently("deal", models.Index(fields=["close_on", "id"], name="deal_by_close")),
        _open_of("contact"),
        _open_of("company"),
    ]
