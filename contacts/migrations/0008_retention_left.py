from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("contacts", "0007_imported_record_index")]

    operations = [
        migrations.AddField(
            "retentionrun", "left", models.JSONField(db_default=[], default=list, verbose_name="had to be left")
        ),
    ]
