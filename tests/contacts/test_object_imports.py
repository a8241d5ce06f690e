"""Files imported into own kinds of record: recognised, checked by every rule, refused row by row with the reason."""

import csv
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from contacts.imports import objects
from contacts.models import ContactLink
from crm import custom, jobs
from crm.models import CustomField, Job, ObjectKind, ObjectRecord, ObjectRelation, StoredFile
from crm.objects import kind_acts, records
from tests import factories

pytestmark = pytest.mark.django_db

FILE = "Serial;Bought;Customer\nS-1;01.03.2026;Ann Lee\nS-2;soon;Ann Lee\n;02.03.2026;\nS-3;;Nobody\nS-4;2026-04-01;\n"


@pytest.fixture
def machines(admin):
    kind = kind_acts.create_kind(
        ObjectKind(code="machine", name_en="Machine", plural_en="Machines", title_en="Serial", unique_by="title"), like="contact"
    )  # fmt: skip
    CustomField.objects.create(subject="co_machine", key="bought", kind="date", label_en="Bought", is_required=True)
    ObjectRelation.objects.create(kind=kind, target="contact", label_en="Customer")
    return kind


@pytest.fixture(autouse=True)
def _folder(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def upload(client, text=FILE):
    file = SimpleUploadedFile("machines.csv", text.encode())
    return client.post(reverse("contacts:object_import", args=["machine"]), {"file": file})


def take(client, token, **more):
    data = {"token": token, "mode": "both", "key": "title", "column_0": "title", "column_1": "cf_bought"} | more
    return client.post(reverse("contacts:object_import", args=["machine"]), data)


def test_a_file_is_looked_at_taken_and_what_is_refused_comes_back(client, workspace, admin, machines):
    ann = factories.contact("Ann", "Lee", owner=admin)
    known = records.create_record(machines, "S-1", by=admin, custom={"bought": "2020-01-01"})
    client.force_login(admin)

    page = upload(client)
    form = page.context["columns"]
    relation = ObjectRelation.objects.get()
    assert [form.initial[f"column_{i}"] for i in range(3)] == ["title", "cf_bought", relation.name]
    assert form.initial["key"] == "title"
    take(client, page.context["token"], column_2=relation.name)
    job = Job.objects.get()
    jobs.run({"job": job.pk})

    job.refresh_from_db()
    assert job.result["rows"] == [["Created", 1], ["Updated", 1], ["Left as they were", 0], ["Refused", 3]]
    known.refresh_from_db()
    assert known.custom == {"bought": "2026-03-01"}
    assert list(ContactLink.objects.values_list("record", "target")) == [(known.pk, ann.pk)]
    assert sorted(ObjectRecord.objects.visible_to(admin).values_list("title", "custom__bought")) == [
        ("S-1", "2026-03-01"), ("S-4", "2026-04-01")
    ]  # fmt: skip
    back = StoredFile.objects.get(pk=job.result["file"]).content.read().decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(back), delimiter=";" if ";" in back.splitlines()[0] else ","))
    assert [row[0] for row in rows[1:]] == ["3", "4", "5"]
    assert "Bought: Give a date" in rows[1][1]
    assert "There is no “Serial”." in rows[2][1]


def test_an_import_that_was_killed_goes_on_behind_the_last_batch(client, workspace, admin, machines):
    client.force_login(admin)
    take(client, upload(client, "Serial;Bought\nS-1;2026-01-01\nS-2;2026-01-02\n").context["token"])
    job = Job.objects.get()
    records.create_record(machines, "S-1", by=admin, custom={"bought": "2026-01-01"})
    Job.objects.filter(pk=job.pk).update(checkpoint={"line": 2, "refused": []}, counters={"created": 1}, done=1)

    jobs.run({"job": job.pk})

    assert sorted(ObjectRecord.objects.visible_to(admin).values_list("title", flat=True)) == ["S-1", "S-2"]


def test_columns_are_chosen_once_and_a_key_must_be_among_them(client, workspace, admin, machines):
    client.force_login(admin)
    token = upload(client).context["token"]

    twice = take(client, token, column_1="title")
    missing = take(client, token, column_0="", key="title")

    assert (twice.status_code, missing.status_code) == (422, 422)
    assert "Two columns would become “Serial”." in twice.content.decode()
    assert "No column becomes that." in missing.content.decode()
    assert not Job.objects.exists()


def test_only_who_may_import_and_change_the_kind_imports(client, workspace, alice, bob, machines):
    client.force_login(bob)

    refused = upload(client)

    assert refused.status_code == 403
    assert not StoredFile.objects.exists()


def test_an_import_keeps_what_others_write_into_other_fields(workspace, admin, machines):
    CustomField.objects.create(subject="co_machine", key="place", kind="text", label_en="Place")
    known = records.create_record(machines, "S-1", by=admin, custom={"bought": "2020-01-01"})
    importer = objects.Importer(machines, {"0": "title", "1": "cf_bought"}, key="title", mode="both", by=admin)
    read = importer._known({"title": "S-1"})
    custom.write(known, {"place": "Hall 2"}, by=admin)

    importer._update(read, {"title": "S-1", "cf_bought": "2026-03-01"})

    known.refresh_from_db()
    assert known.custom == {"bought": "2026-03-01", "place": "Hall 2"}
