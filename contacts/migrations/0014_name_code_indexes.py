"""Indexes of large tables, built while people work."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

import contacts.models.codes


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("contacts", "0013_name_codes")]
    operations = [
        AddIndexConcurrently(
            "contact",
            models.Index(
                contacts.models.codes.NameCode("name_key"), "birthday_on", "company", "id", name="contact_by_sound"
            ),
        ),
        AddIndexConcurrently(
            "company",
            models.Index(contacts.models.codes.CompanyCode("name_key"), "id", name="company_by_sound"),
        ),
        AddIndexConcurrently("contact", models.Index(fields=["updated_at"], name="contact_changed")),
    ]
