from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    # The ledger may be long: people go on working while the index is made.
    atomic = False

    dependencies = [
        ('contacts', '0016_consent_ledger'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='consent',
            index=models.Index(condition=models.Q(('digest', '')), fields=['id'], name='consent_unsealed'),
        ),
    ]
