"""Reasons were English words; they become codes that are shown in the reader's language."""

from django.db import migrations

CODES = {
    "no address": "no_address",
    "no consent": "no_consent",
    "deal.created": "deal_opened",
    "deal.won": "deal_won",
    "email.replied": "answered",
    "the person is gone": "person_gone",
    "the person or the letter is gone": "person_gone",
    "left the sequence": "left",
    "the sequence is not running": "stopped",
}
TABLES = ("campaigns_enrolment", "campaigns_steprun", "crm_delivery")


def rename(editor, words):
    for table in TABLES:
        editor.execute(
            f"UPDATE {table} t SET reason = n.after FROM unnest(%s::text[], %s::text[]) AS n(before, after)"
            " WHERE t.reason = n.before",
            [list(words), list(words.values())],
        )


def forwards(apps, editor):
    rename(editor, CODES)


def backwards(apps, editor):
    rename(editor, {code: words for words, code in CODES.items()})


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0001_initial"), ("crm", "0001_initial")]
    operations = [migrations.RunPython(forwards, backwards)]
