"""Files imported into own kinds of record: recognised, checked by every rule, refused row by row, undone."""

import csv
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from contacts.imports import object_batch, object_run, objects
from contacts.imports import undo as undoing
from contacts.models import ContactLink, ImportedRow, ImportRun
from crm import custom, jobs
from crm.kept import keeping
from crm.models import CustomField, Event, Job, ObjectKind, ObjectRecord, ObjectRelation, StoredFile
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
    """Upload a file; returns the run that waits for its columns."""
    file = SimpleUploadedFile("machines.csv", text.encode())
    answer = client.post(reverse("contacts:object_import", args=["machine"]), {"file": file})
    assert answer.status_code == 302, answer.content.decode()
    return ImportRun.objects.latest("pk")


def take(client, run, **more):
    """Say what the columns become, and start."""
    columns = {f"column-{index}": name for index, name in run.mapping.items()}
    data = {"duplicates": "update", "key": "title", "owner": run.owner_id, **columns} | more
    return client.post(reverse("contacts:import_start", args=[run.pk]), data)


def finish(run):
    run.refresh_from_db()
    jobs.run({"job": run.job_id})
    run.refresh_from_db()
    return run.job


def undo(client, run):
    client.post(reverse("contacts:import_undo", args=[run.pk]))
    job = Job.objects.get(kind="contacts.import_undo")
    jobs.run({"job": job.pk})
    job.refresh_from_db()
    return dict(job.result["rows"])


def there():
    rows = ObjectRecord._base_manager.order_by("title")
    return {row.title: row.custom for row in rows}


def test_a_file_is_looked_at_taken_and_what_is_refused_comes_back(client, workspace, admin, machines):
    ann = factories.contact("Ann", "Lee", owner=admin)
    known = records.create_record(machines, "S-1", by=admin, custom={"bought": "2020-01-01"})
    relation = ObjectRelation.objects.get()
    client.force_login(admin)

    run = upload(client)
    page = client.get(run.get_absolute_url())
    preview = [(row.line, str(outcome), bool(row.reasons)) for row, outcome, _k in page.context["object_preview"]]
    before = there()
    take(client, run)
    job = finish(run)

    assert run.mapping == {"0": "title", "1": "cf_bought", "2": relation.name}
    assert page.context["form"].initial["key"] == "title"
    assert preview == [
        (2, "updated", False), (3, "failed", True), (4, "failed", True), (5, "failed", True), (6, "created", False)
    ]  # fmt: skip
    assert before == {"S-1": {"bought": "2020-01-01"}}
    assert job.result["rows"] == [["Created", 1], ["Updated", 1], ["Left as they were", 0], ["Refused", 3]]
    assert there() == {"S-1": {"bought": "2026-03-01"}, "S-4": {"bought": "2026-04-01"}}
    assert list(ContactLink.objects.values_list("record", "target")) == [(known.pk, ann.pk)]
    back = StoredFile.objects.get(pk=job.result["file"]).content.read().decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(back), delimiter=";" if ";" in back.splitlines()[0] else ","))
    assert [row[0] for row in rows[1:]] == ["3", "4", "5"]
    assert "Bought: Give a date" in rows[1][1]
    assert "There is no “Serial”." in rows[2][1]
    made = ObjectRecord.objects.get(title="S-4")
    assert (made.number, made.owner, made.name_key) == (2, admin, "s-000004")
    assert list(Event.objects.about(made).values_list("kind", flat=True)) == ["object.created"]


def test_what_a_later_line_wrote_of_the_same_record_is_no_work_of_somebody(
    client, workspace, admin, machines, monkeypatch
):
    monkeypatch.setattr(object_run, "BATCH", 1)
    monkeypatch.setattr(undoing, "BATCH", 1)
    factories.contact("Ann", "Lee", owner=admin)
    client.force_login(admin)
    run = upload(client, "Serial;Bought;Customer\nS-1;2026-04-01;\nS-1;2026-04-01;Ann Lee\n")
    take(client, run)
    finish(run)
    assert run.counts["updated"] == 1

    said = client.get(reverse("contacts:import_undo", args=[run.pk]))
    did = undo(client, run)

    assert said.context["changed"] == 0
    assert (did["Removed"], did["Left, because somebody worked on them since"], there()) == (1, 0, {})


def test_an_import_is_undone_with_its_updates_but_for_what_was_worked_on(client, workspace, admin, machines):
    factories.contact("Ann", "Lee", owner=admin)
    kept = records.create_record(machines, "S-1", by=admin, custom={"bought": "2020-01-01"})
    records.create_record(machines, "S-2", by=admin, custom={"bought": "2020-02-02"})
    client.force_login(admin)
    text = "Serial;Bought;Customer\nS-1;2026-03-01;Ann Lee\nS-2;2026-03-02;\nS-3;2026-03-03;Ann Lee\nS-4;2026-03-04;\n"
    run = upload(client, text)
    take(client, run)
    finish(run)
    imported = there()
    touched = ObjectRecord.objects.get(title="S-4")
    custom.write(touched, {"bought": "2026-05-05"}, by=admin)

    page = client.get(reverse("contacts:import_undo", args=[run.pk])).content.decode()
    done = undo(client, run)

    assert imported["S-1"] == {"bought": "2026-03-01"}
    assert "S-4" in page
    assert "S-3" not in page
    assert there() == {
        "S-1": {"bought": "2020-01-01"}, "S-2": {"bought": "2020-02-02"}, "S-4": {"bought": "2026-05-05"}
    }  # fmt: skip
    assert not ContactLink.objects.exists()
    assert done == {"Removed": 1, "Restored": 2, "Left, because somebody worked on them since": 1}
    run.refresh_from_db()
    assert run.state == ImportRun.State.UNDONE
    assert list(Event.objects.about(kept).order_by("-id").values_list("kind", flat=True))[0] == "object.import_undone"
    assert "S-4" in client.get(run.get_absolute_url()).content.decode()


def test_a_line_that_repeats_an_earlier_one_changes_its_record_and_undo_goes_back_to_before_the_first(
    client, workspace, admin, machines
):
    records.create_record(machines, "S-1", by=admin, custom={"bought": "2020-01-01"})
    client.force_login(admin)
    text = "Serial;Bought\nS-1;2026-01-01\nS-2;2026-01-02\nS-1;2026-01-03\nS-2;2026-01-04\nS-2;2026-01-04\n"
    run = upload(client, text)
    take(client, run)

    job = finish(run)
    taken = there()
    undo(client, run)

    assert job.result["rows"] == [["Created", 1], ["Updated", 3], ["Left as they were", 1], ["Refused", 0]]
    assert taken == {"S-1": {"bought": "2026-01-03"}, "S-2": {"bought": "2026-01-04"}}
    assert there() == {"S-1": {"bought": "2020-01-01"}}


def test_an_import_that_was_killed_goes_on_behind_the_last_batch(client, workspace, admin, machines):
    client.force_login(admin)
    run = upload(client, "Serial;Bought\nS-1;2026-01-01\nS-2;2026-01-02\n")
    take(client, run)
    run.refresh_from_db()
    row = records.create_record(machines, "S-1", by=admin, custom={"bought": "2026-01-01"})
    ImportedRow.objects.create(run=run, line=2, outcome="created", record=row, at=row.updated_at)

    again = take(client, run)
    job = finish(run)

    assert again["Location"] == run.get_absolute_url()
    assert sorted(there()) == ["S-1", "S-2"]
    assert job.result["rows"][0] == ["Created", 2]


def test_many_records_are_written_with_few_statements_and_their_numbers_drawn_before(
    client, workspace, admin, machines
):
    ObjectKind.objects.update(unique_by="", pattern="M-{n}")
    client.force_login(admin)
    run = upload(client, "Bought\n" + "2026-01-01\n" * 40)
    take(client, run, key="")
    run = ImportRun.objects.for_card().get(pk=run.pk)
    reader = objects.Reader(run)
    batch = object_batch.Batch(run, reader, [reader.read(line, ["2026-01-01"]) for line in range(2, 42)])

    with keeping(), CaptureQueriesContext(connection) as drawn:
        batch.draw()
    with keeping(), CaptureQueriesContext(connection) as written:
        batch.write()

    # Nothing of the long transaction locks the row of the kind.
    assert any("crm_objectkind" in query["sql"] for query in drawn)
    assert not any("UPDATE" in query["sql"] and "crm_objectkind" in query["sql"] for query in written)
    assert len(written) <= 20
    assert sorted(there()) == sorted(f"M-{n}" for n in range(1, 41))
    assert ObjectKind.objects.get().last_number == 40


def test_numbers_that_were_not_needed_are_drawn_again(client, workspace, admin, machines):
    client.force_login(admin)
    run = upload(client, "Serial;Bought\nS-1;\nS-2;2026-01-02\n")
    take(client, run)
    finish(run)

    later = records.create_record(ObjectKind.objects.get(), "S-3", by=admin, custom={"bought": "2026-01-01"})

    assert ObjectRecord.objects.get(title="S-2").number == 1
    assert later.number in {2, 3}


def test_what_only_one_may_have_is_refused_in_the_file_and_against_what_is_here(client, workspace, admin, machines):
    CustomField.objects.create(subject="co_machine", key="plate", kind="text", label_en="Plate")
    ObjectKind.objects.update(unique_by="plate")
    records.create_record(ObjectKind.objects.get(), "Old", by=admin, custom={"bought": "2020-01-01", "plate": "A 1"})
    client.force_login(admin)
    run = upload(client, "Serial;Bought;Plate\nX;2026-01-01;a 1\nY;2026-01-02;B 2\nZ;2026-01-03;b 2\n")
    take(client, run, key="")

    job = finish(run)

    assert sorted(there()) == ["Old", "Y"]
    assert job.result["rows"][3] == ["Refused", 2]
    reasons = dict(run.rows.filter(outcome="failed").values_list("line", "reason"))
    assert reasons == {
        2: "“Old” has the same: Plate. Open that record, or write something else.",
        4: "Another line has the same: Plate.",
    }


def test_records_are_recognised_by_a_field_only_when_it_has_its_index(client, workspace, admin, machines):
    plate = CustomField.objects.create(subject="co_machine", key="plate", kind="text", label_en="Plate")
    known = records.create_record(machines, "Old", by=admin, custom={"bought": "2020-01-01", "plate": "A 1"})
    client.force_login(admin)
    run = upload(client, "Serial;Bought;Plate\nOld;2026-01-01;a 1\n")

    refused = take(client, run, key="cf_plate")
    CustomField.objects.filter(pk=plate.pk).update(is_filterable=True, index_state=CustomField.Index.READY)
    take(client, run, key="cf_plate")
    finish(run)

    assert refused.status_code == 422
    assert "Records cannot be looked up by “Plate” at once." in refused.content.decode()
    known.refresh_from_db()
    assert known.custom == {"bought": "2026-01-01", "plate": "a 1"}
    assert ObjectRecord._base_manager.count() == 1


def test_columns_are_chosen_once_and_a_key_must_be_among_them(client, workspace, admin, machines):
    client.force_login(admin)
    run = upload(client)

    twice = take(client, run, **{"column-1": "title"})
    missing = take(client, run, **{"column-0": ""})
    nothing = take(client, run, key="", **{"column-0": "", "column-1": "", "column-2": ""})

    assert (twice.status_code, missing.status_code, nothing.status_code) == (422, 422, 422)
    assert "Two columns would become “Serial”." in twice.content.decode()
    assert "No column becomes that." in missing.content.decode()
    assert "Say of at least one column what it becomes." in nothing.content.decode()
    assert not Job.objects.exists()


def test_only_who_may_import_and_change_the_kind_imports_and_undoes(client, workspace, admin, bob, machines):
    client.force_login(bob)
    file = SimpleUploadedFile("machines.csv", FILE.encode())

    refused = client.post(reverse("contacts:object_import", args=["machine"]), {"file": file})

    assert refused.status_code == 403
    assert not StoredFile.objects.exists()
    client.force_login(admin)
    run = upload(client, "Serial;Bought\nS-1;2026-01-01\n")
    take(client, run)
    admin.is_superuser = False
    admin.save()
    failed = finish(run)
    assert (failed.state, failed.error) == (Job.State.FAILED, "You may no longer do this. Ask an administrator.")
    assert there() == {}
    assert run.state == ImportRun.State.STOPPED


def test_the_next_file_with_the_same_columns_is_taken_as_the_last_one(client, workspace, admin, machines):
    client.force_login(admin)
    run = upload(client, "Serial;When it came\nS-1;2026-01-01\n")
    take(client, run, duplicates="skip", **{"column-1": "cf_bought"})
    finish(run)

    again = upload(client, "Serial;When it came\nS-9;2026-01-09\n")

    assert (again.mapping, again.duplicates, again.match) == ({"0": "title", "1": "cf_bought"}, "skip", ["title"])


def test_an_import_keeps_what_others_write_into_other_fields(workspace, admin, machines):
    CustomField.objects.create(subject="co_machine", key="place", kind="text", label_en="Place")
    known = records.create_record(machines, "S-1", by=admin, custom={"bought": "2020-01-01"})
    file = StoredFile.objects.create(name="m.csv", size=1)
    run = ImportRun.objects.create(
        by=admin, owner=admin, kind=machines, file=file, mapping={"0": "title", "1": "cf_bought"}, match=["title"]
    )
    reader = objects.Reader(run)
    batch = object_batch.Batch(run, reader, [reader.read(2, ["S-1", "2026-03-01"])])
    batch.draw()
    custom.write(known, {"place": "Hall 2"}, by=admin)

    batch.write()

    known.refresh_from_db()
    assert known.custom == {"bought": "2026-03-01", "place": "Hall 2"}
