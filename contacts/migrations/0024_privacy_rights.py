"""Whoever runs the company or its settings may answer requests about personal data."""

from django.db import migrations

_ALL = {act: 3 for act in ("view", "edit", "delete", "export")}


def _grant(apps, schema_editor):
    for role in apps.get_model("crm", "Role").objects.filter(code__in=["owner", "admin"]):
        if "privacy" not in role.grants:
            role.grants["privacy"] = _ALL
            role.save(update_fields=["grants"])


class Migration(migrations.Migration):
    dependencies = [("contacts", "0023_personal_data")]
    operations = [migrations.RunPython(_grant, migrations.RunPython.noop)]
