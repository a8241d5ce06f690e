from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("tickets", "0001_initial")]
    operations = [migrations.RunSQL("CREATE SEQUENCE tickets_number START 1001", "DROP SEQUENCE tickets_number")]
