from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("deals", "0002_words")]

    operations = [
        AddIndexConcurrently("deal", models.Index(fields=["close_on", "id"], name="deal_by_close")),
    ]
