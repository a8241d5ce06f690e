from django.db import migrations

from crm.vocabulary import noting


class Migration(migrations.Migration):
    replaces = [
        ("deals", "0002_search_words"),
        ("deals", "0003_words_always"),
        ("deals", "0004_custom_fields"),
        ("deals", "0005_object_links"),
    ]

    dependencies = [("deals", "0001_initial")]
    operations = [
        noting("deals_deal", "name_key"),
        noting("deals_product", "name_key"),
    ]
