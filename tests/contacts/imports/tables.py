"""Rows that are imported as a table."""

import csv
import io

from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from contacts.models import ImportRun
from crm import outbox


def as_csv(*rows):
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()


def upload_rows(client, user, data, name="people.csv"):
    client.force_login(user)
    client.post(reverse("contacts:import_new"), {"file": SimpleUploadedFile(name, data)})
    return ImportRun.objects.latest("pk")


def start(client, run, **choices):
    """Start a run as its page offers it, but for `choices`; returns it when it is over."""
    sent = {f"column-{i}": name for i, name in run.mapping.items()}
    sent |= {
        "duplicates": "update",
        "owner": run.owner_id,
        "match": run.match,
        "overwrites": "on",
        "system": run.system,
    }
    answer = client.post(reverse("contacts:import_start", args=[run.pk]), sent | choices)
    outbox.run_due()
    run.refresh_from_db()
    return answer


def import_rows(client, user, *rows, **choices):
    run = upload_rows(client, user, as_csv(*rows))
    start(client, run, **choices)
    return run


def outcomes(run):
    return tuple(run.counts[name] for name in ("created", "updated", "skipped", "failed"))
