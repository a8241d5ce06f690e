from django.db import migrations

from crm.vocabulary import noting_always


class Migration(migrations.Migration):
    dependencies = [("deals", "0002_search_words")]

    operations = [
        noting_always("deals_deal", "name_key"),
        noting_always("deals_product", "name_key"),
    ]
