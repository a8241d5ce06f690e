from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("contacts", "0024_privacy_rights")]

    operations = [
        AddIndexConcurrently(
            model_name="employment",
            index=models.Index(
                fields=["contact"], condition=models.Q(has_left=True, is_primary=True), name="employment_left_main"
            ),
        ),
    ]
