from django.contrib.postgres.operations import BtreeGinExtension, BtreeGistExtension, TrigramExtension, UnaccentExtension
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("crm", "0001_initial")]
    run_before = [("contacts", "0001_initial")]
    operations = [TrigramExtension(), UnaccentExtension(), BtreeGinExtension(), BtreeGistExtension()]
