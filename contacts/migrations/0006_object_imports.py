import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('contacts', '0005_mailbox_proofs'),
        ('crm', '0002_events_and_words'),
    ]

    operations = [
        migrations.AddField(
            model_name='importedrow',
            name='record',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='crm.objectrecord'),
        ),
        migrations.AddField(
            model_name='importrun',
            name='kind',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='crm.objectkind', verbose_name='kind'),
        ),
    ]
