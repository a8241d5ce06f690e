from django.db import migrations

from crm.vocabulary import noting


class Migration(migrations.Migration):
    replaces = [
        ("tickets", "0002_number"),
        ("tickets", "0003_inbound"),
        ("tickets", "0004_promises"),
        ("tickets", "0005_search_words"),
        ("tickets", "0006_words_always"),
        ("tickets", "0007_pauses"),
        ("tickets", "0008_next_step"),
        ("tickets", "0009_custom_fields"),
    ]

    dependencies = [("tickets", "0001_initial")]
    operations = [
        migrations.RunSQL("CREATE SEQUENCE tickets_number START 1001", "DROP SEQUENCE tickets_number"),
        noting("tickets_ticket", "subject_key"),
        noting("tickets_article", "title_key"),
    ]
