from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("crm", "0017_delivery_account")]

    operations = [
        AddIndexConcurrently(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("state__in", ["queued", "deferred"]), models.Q(("account", ""), _negated=True)),
                fields=["account", "due_at"],
                name="delivery_accounts",
            ),
        ),
    ]
