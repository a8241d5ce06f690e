from django.db import migrations

from crm.vocabulary import noting_always


class Migration(migrations.Migration):
    dependencies = [("tickets", "0005_search_words")]

    operations = [
        noting_always("tickets_ticket", "subject_key"),
        noting_always("tickets_article", "title_key"),
    ]
