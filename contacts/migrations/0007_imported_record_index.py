from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    # Lines of old imports are many: people go on working while it is built.
    atomic = False

    dependencies = [
        ('contacts', '0006_object_imports'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='importedrow',
            index=models.Index(condition=models.Q(('record__isnull', False)), fields=['record'], name='imported_record'),
        ),
    ]
