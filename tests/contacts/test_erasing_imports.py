"""Files of imports hold people whom no line leads to: not begun, left out, of a kind of one's own. An erasure finds them."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from contacts.models import ImportedRow, ImportRun
from contacts.services import people, privacy
from contacts.services.privacy import scanning
from contacts.services.privacy.files import imports_with
from crm import outbox
from crm.models import CustomField, Job, ObjectKind, ObjectRelation, StoredFile
from crm.objects import kind_acts
from tests.contacts.imports.tables import start, upload_rows

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("folder")]
EMPTIED = "This file was emptied"


@pytest.fixture
def ann(workspace, alice):
    return people.create_contact(
        by=alice, first_name="Анна", last_name="Лихтер", email="ann.lee@example.com", phone="+49 30 55501192"
    )


def _emptied(runs):
    """Whose file holds nothing any more, in the database and in the storage."""
    sizes = [StoredFile.objects.values_list("size", "content", "name").get(pk=run.file_id) for run in runs]
    return [size == (0, "", "removed") for size in sizes]


def test_a_file_that_was_never_begun_is_found_however_it_is_written(client, admin, ann, folder):
    files = {
        "Email,City\nANN.Lee@example.com,Rome\n": "utf-8",
        "Имя;Город\nАННА ЛИХТЕР;Рим\nИван Петров;Москва\nОльга Сергеева;Казань\n": "cp1251",
        "Phone,City\n+49 (30) 555-01192,Rome\n": "utf-16",
        "Phone,City\n493055501192,Rome\n": "utf-8",
        # Somebody else: a longer address, a longer phone, half of the name.
        "Email,City\njoann.lee@example.com,Rome\nann.lee@example.com.br,Rome\n": "utf-8",
        "Phone,Name\n+49 30 555011923,Анна\n+149 30 55501192,Лихтер\n": "utf-8",
    }
    runs = [upload_rows(client, admin, text.encode(encoding)) for text, encoding in files.items()]
    other = upload_rows(client, admin, b"Email,City\nbob@example.com,Rome\n")
    person = privacy.person_of(ann)
    with scanning.once_for([person]):
        assert imports_with([*person.telling, *person.names]) == [run.file_id for run in runs[:4]]
        late = upload_rows(client, admin, b"Email\nann.lee@example.com\n")
        assert imports_with(person.telling)[-1] == late.file_id

    erasure = privacy.erase(privacy.begin(ann, by=admin))

    # The one with the name alone may hold a namesake: a colleague decides about it.
    assert _emptied([*runs, other, late]) == [True, False, True, True, False, False, False, True]
    assert (erasure.counts["crm.storedfile"], erasure.mentions) == ({"emptied": 4}, {"contacts.importrun": 1})
    assert len([path for path in folder.rglob("*") if path.is_file() and path.suffix != ".json"]) == 4
    # Its page says so, and nothing is begun with it.
    page = client.get(runs[0].get_absolute_url()).content.decode()
    assert (EMPTIED in page, "Rome" in page) == (True, False)
    start(client, runs[0])
    assert runs[0].state == ImportRun.State.STOPPED
    assert EMPTIED in Job.objects.get(pk=runs[0].job_id).error


def test_a_file_that_can_still_begin_is_not_emptied_for_a_namesake(client, admin, ann, workspace):
    """By the name alone a file is left that waits or was stopped; one that is over, or brought the person, is emptied."""
    text = "Имя;Город\nАнна Лихтер;Пермь\nИван Петров;Москва\n".encode()
    states = [ImportRun.State.DRAFT, ImportRun.State.STOPPED, ImportRun.State.STOPPED, ImportRun.State.DONE]
    runs = [upload_rows(client, admin, text) for _state in states]
    for run, state in zip(runs, states, strict=True):
        ImportRun.objects.filter(pk=run.pk).update(state=state)
    ImportedRow.objects.create(run=runs[2], line=2, contact=ann, outcome="updated")

    erasure = privacy.erase(privacy.begin(ann, by=admin))

    assert _emptied(runs) == [False, False, True, True]
    assert erasure.mentions == {"contacts.importrun": 2}
    page = client.get(reverse("contacts:erasure", args=[erasure.pk])).content.decode()
    assert "or the name alone in files of imports that can still begin" in page
    start(client, runs[0])
    assert (runs[0].state, runs[0].counts["created"]) == (ImportRun.State.DONE, 2)


def test_a_line_that_was_left_out_does_not_keep_the_person(client, admin, alice):
    run = upload_rows(client, admin, b"Email,City\nann.lee@example.com,Rome\nbob@example.com,Rome\n")
    start(client, run, duplicates="only")
    assert (run.state, run.counts["skipped"]) == (ImportRun.State.DONE, 2)
    ann = people.create_contact(by=alice, first_name="Ann", last_name="Lee", email="ann.lee@example.com")

    privacy.erase(privacy.begin(ann, by=admin))

    assert _emptied([run]) == [True]
    assert "ann.lee" not in client.get(run.get_absolute_url()).content.decode()


def test_a_column_of_an_own_kind_does_not_keep_the_person(client, admin, ann, folder):
    kind = ObjectKind(code="machine", name_en="Machine", plural_en="Machines", title_en="Serial", unique_by="title")
    kind = kind_acts.create_kind(kind, like="contact")
    CustomField.objects.create(subject=kind.subject, key="bought", kind="date", label_en="Bought")
    ObjectRelation.objects.create(kind=kind, target="contact", label_en="Customer")
    client.force_login(admin)
    file = SimpleUploadedFile("machines.csv", "Serial,Customer\nS-1,Анна Лихтер\n".encode())
    client.post(reverse("contacts:object_import", args=[kind.code]), {"file": file})
    run = ImportRun.objects.get()
    columns = {f"column-{index}": name for index, name in run.mapping.items()}
    chosen = {"duplicates": "update", "key": "title", "owner": run.owner_id, **columns}
    client.post(reverse("contacts:import_start", args=[run.pk]), chosen)
    outbox.run_due()
    run.refresh_from_db()
    assert run.counts["created"] == 1

    erasure = privacy.erase(privacy.begin(ann, by=admin))

    assert _emptied([run]) == [True]
    assert erasure.mentions == {}
    assert [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".json"] == []
