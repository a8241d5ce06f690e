"""A file that is uploaded and imported as its page offers it."""

from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from contacts.models import ImportRun
from crm import outbox


def upload_file(client, user, data, name="people.csv"):
    client.force_login(user)
    return client.post(reverse("contacts:import_new"), {"file": SimpleUploadedFile(name, data)})


def as_found(run, user, duplicates="update", **more):
    """What a person sends who leaves everything as it is found."""
    columns = {f"column-{i}": field for i, field in run.mapping.items()}
    return {
        "duplicates": duplicates,
        "owner": user.pk,
        "match": run.match,
        "overwrites": "on",
        "system": run.system,
        **columns,
        **more,
    }


def import_file(client, user, data, name="people.csv", duplicates="update", **more):
    """Upload, start and run an import; returns the run."""
    assert upload_file(client, user, data, name).status_code == 302
    run = ImportRun.objects.latest("pk")
    client.post(reverse("contacts:import_start", args=[run.pk]), as_found(run, user, duplicates, **more))
    outbox.run_due()
    run.refresh_from_db()
    return run
