from django.db import migrations

from crm.vocabulary import noting_always


class Migration(migrations.Migration):
    dependencies = [("contacts", "0005_city_as_written")]

    operations = [
        noting_always("contacts_contact", "name_key"),
        noting_always("contacts_company", "name_key"),
    ]
