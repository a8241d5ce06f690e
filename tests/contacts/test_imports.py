"""Import: files as real tools write them, errors, duplicates, a kill in the middle, undo."""

import csv
import io

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from contacts.imports import mapping, reading
from contacts.imports import run as importing
from contacts.imports.cleaning import Cleaner
from contacts.models import Contact, ContactPoint, ImportedRow, ImportRun
from contacts.services import people
from crm import audit, jobs, outbox
from crm.models import CustomField, Event, Job, StoredFile
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _media(settings, tmp_path, workspace):
    settings.MEDIA_ROOT = tmp_path


def _upload(client, user, data, name="people.csv"):
    client.force_login(user)
    return client.post(reverse("contacts:import_new"), {"file": SimpleUploadedFile(name, data)})


def _choices(run, user, duplicates="update", **more):
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


def _import(client, user, data, name="people.csv", duplicates="update", **more):
    """Upload, start and run an import; returns the run."""
    assert _upload(client, user, data, name).status_code == 302
    run = ImportRun.objects.latest("pk")
    client.post(reverse("contacts:import_start", args=[run.pk]), _choices(run, user, duplicates, **more))
    outbox.run_due()
    run.refresh_from_db()
    return run


SHAPES = {
    "comma, UTF-8": ("First Name,Last Name,Email\nAnna,Weiß,anna@example.com\n", "utf-8"),
    "comma, UTF-8 with a mark": ("First Name,Last Name,Email\nAnna,Weiß,anna@example.com\n", "utf-8-sig"),
    "semicolon, cp1251": ("Имя;Фамилия;Рабочий e-mail\nАнна;Петрова;anna@example.com\n", "cp1251"),
    "semicolon, cp1252": ("First name;Surname;E-mail\nJürgen;Müller-Lüdenscheid;anna@example.com\n", "cp1252"),
    "tab, UTF-16": ("Имя\tФамилия\tEmail\nАнна\tПетрова\tanna@example.com\n", "utf-16"),
    "Windows line ends and quotes": ('"First Name","Last Name","Email"\r\n"Anna, Maria","Weiß","anna@example.com"\r\n', "utf-8"),
    "HubSpot": ("Record ID,First Name,Last Name,Email,Phone Number,Associated Company\n1,Anna,Lee,anna@example.com,+49 30 55501192,Acme\n", "utf-8"),
    "Google": ("First Name,Last Name,Organization Name,E-mail 1 - Value,Phone 1 - Value,Labels\nAnna,Lee,Acme,anna@example.com,+49 30 55501192,* myContacts\n", "utf-8"),
    "Bitrix24": ("ID;Имя;Отчество;Фамилия;Рабочий телефон;Рабочий e-mail;Компания\n7;Анна;Сергеевна;Петрова;+7 900 000-11-22;anna@example.com;ООО Ромашка\n", "utf-8-sig"),
    "amoCRM": ("ID,Полное имя контакта,Наименование,Рабочий email,Рабочий телефон\n1,,Петрова Анна Сергеевна,anna@example.com,+79000001122\n", "utf-8"),
    "EspoCRM": ("First Name,Last Name,Email,Phone,Account,Address City\nAnna,Lee,anna@example.com,+493055501192,Acme,Berlin\n", "utf-8"),
    "empty lines and columns": ("First Name,Last Name,Email,,\n\n,,,,\nAnna,Lee,anna@example.com,,\n", "utf-8"),
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_each_shape_of_file_brings_its_person(client, admin, shape):
    text, encoding = SHAPES[shape]

    run = _import(client, admin, text.encode(encoding))

    assert (run.counts["created"], run.counts["failed"]) == (1, 0)
    person = Contact.objects.get()
    assert person.email == "anna@example.com"
    assert person.first_name in {"Anna", "Анна", "Jürgen", "Anna, Maria"}
    assert person.last_name in {"Weiß", "Петрова", "Müller-Lüdenscheid", "Lee"}


def test_a_workbook_is_read_too(client, admin, workspace):
    workspace.country = "RU"
    workspace.save()
    book = openpyxl.Workbook()
    book.active.append(["Имя", "Фамилия", "Телефон", "Дата рождения"])
    book.active.append(["Анна", "Петрова", 79000001122, "31.05.1984"])
    out = io.BytesIO()
    book.save(out)

    run = _import(client, admin, out.getvalue(), "people.xlsx")

    person = Contact.objects.get()
    assert run.counts["created"] == 1
    assert str(person.birthday_on) == "1984-05-31"
    assert ContactPoint.objects.get(kind="phone").norm == "+79000001122"


def test_bad_rows_come_back_with_reasons_and_the_good_ones_stay(client, admin):
    data = "Name,Email,Phone,Birthday\nAnn Lee,ann@example.com,,\nBen,not-an-address,,\n,,,\nCy,cy@example.com,12,\nDi,di@example.com,,32.01.1990\n"

    run = _import(client, admin, data.encode())

    assert run.counts == {"created": 1, "updated": 0, "skipped": 0, "failed": 3}
    reasons = dict(ImportedRow.objects.filter(outcome="failed").values_list("line", "reason"))
    assert reasons[3] == "“not-an-address” is not an email address."
    assert reasons[5] == "“12” is not a phone number."
    assert "birthday" in reasons[6]
    job = Job.objects.get(kind="contacts.import")
    assert job.state == "done"
    file = importing.files.StoredFile.objects.get(pk=job.result["file"])
    lines = file.content.read().decode("utf-8-sig").splitlines()
    assert lines[0] == "Line,Reason,Name,Email,Phone,Birthday"
    assert lines[1] == "3,“not-an-address” is not an email address.,Ben,not-an-address,,"


def test_a_known_person_is_updated_once_and_found_by_email_or_phone(client, admin):
    ann = people.create_contact(by=admin, first_name="Ann", email="ann@example.com", phone="+49 30 55501192")

    run = _import(
        client,
        admin,
        b"First name,Email,Phone,City\nAnn,ANN@example.com,,Berlin\nAnn,,030 55501192,Hamburg\nNew,new@example.com,,\nNew,new@example.com,,Bonn\n",
    )

    ann.refresh_from_db()
    assert run.counts == {"created": 1, "updated": 3, "skipped": 0, "failed": 0}
    assert ann.city == "Hamburg"
    assert Contact.objects.get(email="new@example.com").city == "Bonn"
    assert Contact.objects.count() == 2


@pytest.mark.parametrize(
    ("mode", "counts", "people_after"), [("skip", ("skipped", 1), 1), ("create", ("created", 1), 2)]
)
def test_known_people_can_be_left_or_doubled(client, admin, mode, counts, people_after):
    ann = people.create_contact(by=admin, first_name="Ann", email="ann@example.com")

    run = _import(client, admin, b"First name,Email\nOther,ann@example.com\n", duplicates=mode)

    ann.refresh_from_db()
    assert (counts[0], run.counts[counts[0]]) == counts
    assert ann.first_name == "Ann"
    assert Contact.objects.count() == people_after


def test_a_person_of_others_is_never_changed_by_an_import(client, alice, mallory):
    ann = people.create_contact(by=alice, first_name="Ann", email="ann@example.com")
    mallory.roles.add(factories.role("importer", {"import": {"view": 3, "edit": 3}}))

    _import(client, mallory, b"First name,Email\nStolen,ann@example.com\n")

    ann.refresh_from_db()
    assert (ann.first_name, ann.owner) == ("Ann", alice)


def test_formulas_and_scripts_are_text(client, admin):
    _import(client, admin, b"First name,Last name,Email\n=1+1,<script>alert(1)</script>,x@example.com\n")

    page = client.get(Contact.objects.get().get_absolute_url()).content.decode()
    assert "<script>alert(1)</script>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_a_killed_import_goes_on_at_the_next_batch_and_doubles_nothing(client, admin, monkeypatch):
    monkeypatch.setattr(importing, "BATCH", 10)
    rows = "".join(f"Person{i},p{i}@example.com\n" for i in range(35))
    _upload(client, admin, f"First name,Email\n{rows}".encode())
    run = ImportRun.objects.get()
    client.post(reverse("contacts:import_start", args=[run.pk]), _choices(run, admin, "create"))
    job = Job.objects.get()
    real, calls = importing._take, []

    def die_at_the_third(*args):
        if len(calls) == 2:
            raise KeyboardInterrupt
        calls.append(1)
        real(*args)

    monkeypatch.setattr(importing, "_take", die_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        jobs.run({"job": job.pk})
    assert Contact.objects.count() == 20

    monkeypatch.setattr(importing, "_take", real)
    jobs.run({"job": job.pk})

    job.refresh_from_db()
    assert (job.state, job.done, Contact.objects.count()) == ("done", 35, 35)


def _start(client, user, data, duplicates="create"):
    """Upload and start without running; returns (run, job)."""
    _upload(client, user, data)
    run = ImportRun.objects.get()
    client.post(reverse("contacts:import_start", args=[run.pk]), _choices(run, user, duplicates))
    return run, Job.objects.get()


def test_a_cancelled_import_keeps_whole_batches_and_goes_on_where_it_stopped(client, admin, monkeypatch):
    monkeypatch.setattr(importing, "BATCH", 10)
    rows = "".join(f"Person{i},p{i}@example.com\n" for i in range(35))
    run, job = _start(client, admin, f"First name,Email\n{rows}".encode())
    real = importing._take

    def cancel_in_the_third(*args):
        if Contact.objects.count() == 20:
            jobs.cancel(job)
        real(*args)

    monkeypatch.setattr(importing, "_take", cancel_in_the_third)
    outbox.run_due()
    job.refresh_from_db()
    run.refresh_from_db()
    assert (job.state, job.done, job.counters["created"], Contact.objects.count()) == ("cancelled", 20, 20, 20)
    assert (run.state, run.counts["created"]) == ("stopped", 20)
    assert "Go on" in client.get(run.get_absolute_url()).content.decode()

    client.post(reverse("contacts:import_start", args=[run.pk]))
    outbox.run_due()

    run.refresh_from_db()
    assert (run.state, run.counts["created"], Contact.objects.count()) == ("done", 35, 35)
    assert ImportedRow.objects.filter(run=run).count() == 35


def test_a_stopped_import_can_be_undone(client, admin, monkeypatch):
    monkeypatch.setattr(importing, "BATCH", 2)
    run, _job = _start(client, admin, b"First name\nAnn\nBen\nCy\n")
    real = importing._take

    def break_in_the_second(*args):
        if Contact.objects.exists():
            raise OSError("The disk is gone.")
        real(*args)

    monkeypatch.setattr(importing, "_take", break_in_the_second)
    outbox.run_due()
    run.refresh_from_db()
    assert (run.state, Contact.objects.count(), Job.objects.get().state) == ("stopped", 2, "failed")

    client.post(reverse("contacts:import_undo", args=[run.pk]))
    outbox.run_due()

    run.refresh_from_db()
    assert (run.state, Contact.objects.count()) == ("undone", 0)


def test_no_more_than_two_batches_of_a_file_are_held_at_once(monkeypatch, workspace):
    monkeypatch.setattr(importing, "BATCH", 100)
    read = []

    def endless():
        for line in range(2, 200_000):
            read.append(line)
            yield line, [f"Ann{line}"]

    monkeypatch.setattr(importing.reading, "rows", lambda *args, **kwargs: endless())
    run = ImportRun(mapping={"0": "first_name"})

    with importing.Ahead(importing.cleaned(None, run, skip=1)) as ahead:
        first = ahead.get()
        ahead.begin()

    assert [row.person["first_name"] for row in first[:2]] == ["Ann2", "Ann3"]
    assert len(first) == 100
    assert len(read) <= 200


def test_reasons_are_in_the_language_of_the_person(client, admin):
    admin.language = "ru"
    admin.save()

    run = _import(client, admin, b"First name,Email\nBen,not-an-address\n")

    assert run.rows.get().reason == "«not-an-address» — не адрес почты."


def test_later_rows_know_a_person_by_what_earlier_rows_told(client, admin):
    run = _import(
        client,
        admin,
        b"First name,Email,Phone,City\nAnn,ann@example.com,,\nAnn,ann@example.com,+493055501192,\nAnn,,+493055501192,Ulm\n",
    )

    assert run.counts == {"created": 1, "updated": 2, "skipped": 0, "failed": 0}
    assert Contact.objects.get().city == "Ulm"
    assert list(ContactPoint.objects.values_list("kind", "norm", "is_primary").order_by("kind")) == [
        ("email", "ann@example.com", True),
        ("phone", "+493055501192", True),
    ]


def test_the_company_of_the_file_becomes_the_main_one_and_undo_brings_the_old_one_back(client, admin):
    ann = people.create_contact(by=admin, first_name="Ann", email="ann@example.com", company_name="Old Works")

    run = _import(client, admin, b"First name,Email,Company\nAnn,ann@example.com,New Works\n")

    ann.refresh_from_db()
    assert ann.company.name == "New Works"
    assert list(ann.employments.order_by("pk").values_list("company__name", "is_primary")) == [
        ("Old Works", False),
        ("New Works", True),
    ]
    client.post(reverse("contacts:import_undo", args=[run.pk]))
    outbox.run_due()
    ann.refresh_from_db()
    assert ann.company.name == "Old Works"
    assert list(ann.employments.values_list("company__name", "is_primary")) == [("Old Works", True)]


def test_an_update_by_import_stands_in_the_history(client, admin):
    ann = people.create_contact(by=admin, first_name="Ann", email="ann@example.com", city="Bonn")

    _import(client, admin, b"First name,Email,City\nAnn,ann@example.com,Ulm\n")

    ann.refresh_from_db()
    changes = [(c.field, c.before, c.after, c.who) for c in audit.changes_of(ann)]
    assert ("city", "Bonn", "Ulm", admin.pk) in changes


def test_text_of_every_kind_arrives_as_it_was_written(client, admin):
    street = 'A\\N\t"B"\\.\r\n\\.\nC'
    note = 'One\n\\.\n{"two": "\\"}'
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerows([["First name", "Street", "Tags", "Note"], ["Ann", street, '{a},"b\\', note]])

    _import(client, admin, out.getvalue().encode())

    person = Contact.objects.get()
    assert person.street == street
    assert person.tags == ["{a}", '"b\\']
    assert Event.objects.get(kind="note.added").data == {"text": note}


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("1984-05-31", "1984-05-31"),
        ("1984-05-31T00:00:00Z", "1984-05-31"),
        ("1984-5-1 10:00", "1984-05-01"),
        ("1984/05/31", "1984-05-31"),
        ("19840531", "1984-05-31"),
        ("31.05.1984", "1984-05-31"),
        ("1/2/1984", "1984-02-01"),
        ("31.05.84", "1984-05-31"),
        ("31.05.04", "2004-05-31"),
        ("--05-31", "1904-05-31"),
        ("31 May 1984", "1984-05-31"),
    ],
)
def test_birthdays_are_read_in_the_forms_that_people_write(written, day):
    row = Cleaner({"0": "first_name", "1": "birthday_on"}, "DE").clean(2, ["Ann", written])

    assert (str(row.person.get("birthday_on")), row.reasons) == (day, [])


@pytest.mark.parametrize(
    "written", ["1984-02-30", "31.13.1984", "1984", "05.1984", "1984-05/31", "984-05-31", "x", "31.05.198"]
)
def test_what_is_no_birthday_is_refused(written):
    row = Cleaner({"0": "first_name", "1": "birthday_on"}, "DE").clean(2, ["Ann", written])

    assert "birthday_on" not in row.person
    assert len(row.reasons) == 1


def test_undo_removes_what_was_made_restores_what_was_changed_and_leaves_what_people_touched(client, admin):
    ann = people.create_contact(by=admin, first_name="Ann", email="ann@example.com", city="Bonn")
    run = _import(
        client,
        admin,
        b"First name,Email,City\nAnnabel,ann@example.com,Berlin\nBen,ben@example.com,Ulm\nCy,cy@example.com,Jena\n",
    )
    cy = Contact.objects.get(email="cy@example.com")
    people.log_talk(cy, "note", "Called back.", by=admin)

    client.post(reverse("contacts:import_undo", args=[run.pk]))
    outbox.run_due()

    ann.refresh_from_db()
    run.refresh_from_db()
    assert (ann.first_name, ann.city) == ("Ann", "Bonn")
    assert list(Contact.objects.order_by("pk")) == [ann, cy]
    assert run.state == "undone"
    job = Job.objects.get(kind="contacts.import_undo")
    assert job.result["rows"] == [["Removed", 1], ["Restored", 1], ["Left, because somebody worked on them since", 1]]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b"\n\n\n", "no rows"),
        (b",".join([b"x"] * 10000) + b"\n", "columns"),
        (b"a,b\n" + b'"' + b"x" * 200_000 + b"\n", "a cell is too long"),
        (b"PK\x03\x04 not a workbook", "workbook"),
    ],
)
def test_a_file_that_is_no_table_is_refused_with_a_sentence(client, admin, data, said):
    answer = _upload(client, admin, data)

    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not ImportRun.objects.exists()


def test_a_file_over_the_limit_is_refused(client, admin, settings):
    settings.MAX_IMPORT_SIZE = 1024 * 1024

    answer = _upload(client, admin, b"First name\n" + b"x" * 1024 * 1024 * 2)

    assert "is larger than 1 MB" in answer.content.decode()


def test_headers_that_repeat_are_mapped_once():
    assert mapping.guess(["City", "City", "Name", "Unknown"]) == {"0": "city", "2": "full_name"}


def test_mixed_encodings_are_told_by_row():
    row = Cleaner({"0": "first_name", "1": "email"}, "DE").clean(2, ["Anna\ufffd", "a@example.com"])

    assert row.reasons == ["Some characters cannot be read: the file mixes encodings. Save it as UTF-8."]


def test_one_broken_character_does_not_make_a_file_cyrillic():
    data = "Имя,Почта\n".encode() + "Анна,anna@example.com\n".encode() * 50 + b"\xff,b@example.com\n"

    assert reading.detect(data) == ("utf-8", ",")


@pytest.mark.parametrize(("who", "status"), [("alice", 404), ("mallory", 404)])
def test_nobody_sees_the_import_of_another(request, client, admin, who, status):
    run = _import(client, admin, b"First name,Email\nAnn,ann@example.com\n")
    client.force_login(request.getfixturevalue(who))

    assert client.get(run.get_absolute_url()).status_code == status
    assert client.post(reverse("contacts:import_undo", args=[run.pk])).status_code == status
    assert Contact.objects.count() == 1


def test_who_may_not_import_cannot_upload(client, carol):
    answer = _upload(client, carol, b"First name\nAnn\n")

    assert answer.status_code == 403
    assert not ImportRun.objects.exists()


def test_five_thousand_rows_are_imported_with_few_statements(client, admin, django_assert_max_num_queries):
    rows = "".join(
        f"Person{i},Family{i % 70},p{i}@example.com,+49305550{i:05},Company {i % 300}\n" for i in range(5000)
    )
    _upload(client, admin, f"First name,Last name,Email,Phone,Company\n{rows}".encode())
    run = ImportRun.objects.get()
    client.post(reverse("contacts:import_start", args=[run.pk]), _choices(run, admin))

    with django_assert_max_num_queries(160):
        outbox.run_due()

    run.refresh_from_db()
    assert run.counts == {"created": 5000, "updated": 0, "skipped": 0, "failed": 0, "companies_created": 300}
    assert factories.Company.objects.count() == 300


def test_an_import_is_started_once(client, admin):
    run = _import(client, admin, b"First name,Email\nAnn,ann@example.com\n")

    client.post(
        reverse("contacts:import_start", args=[run.pk]),
        {"duplicates": "create", "owner": admin.pk, "column-0": "first_name"},
    )
    outbox.run_due()

    assert Job.objects.filter(kind="contacts.import").count() == 1
    assert Contact.objects.count() == 1


def test_own_fields_are_demanded_begun_with_and_left_alone_where_a_rule_locks_them(client, admin):
    level = {"subject": "contact", "kind": "text"}
    CustomField.objects.create(**level, key="level", label_en="Level", is_required=True)
    CustomField.objects.create(**level, key="origin", label_en="Origin", default="fair")
    lock = {"lock": {"all": [{"field": "city", "op": "is", "value": "Bonn"}]}}
    CustomField.objects.create(**level, key="grade", label_en="Grade", rules=lock)
    bea = factories.contact("Bea", "Ost", email="bea@example.com", city="Bonn", custom={"grade": "A"})
    people.points.add_point(bea, "email", "bea@example.com")
    rows = "ann@example.com,Ann,Lee,gold,\nbob@example.com,Bob,May,,\nbea@example.com,Bea,Ost,iron,B\n"

    run = _import(client, admin, f"Email,First name,Last name,Level,Grade\n{rows}".encode())

    counts = {name: run.counts[name] for name in ("created", "updated", "failed", "kept_back")}
    assert counts == {"created": 1, "updated": 1, "failed": 1, "kept_back": 1}
    assert Contact.objects.get(first_name="Ann").custom == {"level": "gold", "origin": "fair"}
    bea.refresh_from_db()
    assert bea.custom == {"level": "iron", "grade": "A"}
    assert list(run.rows.order_by("line").values_list("outcome", "reason")) == [
        ("created", ""),
        ("failed", "Fill in “Level”."),
        ("updated", "“Grade” is locked now."),
    ]


def test_the_sheet_of_a_workbook_is_chosen(client, admin):
    book = openpyxl.Workbook()
    book.active.title = "Empty"
    for title, rows in (
        ("Notes", [["Read me"], ["Exported in March"]]),
        ("People", [["First name", "Email"], ["Anna", "anna@example.com"]]),
    ):
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    _upload(client, admin, out.getvalue(), "book.xlsx")
    run = ImportRun.objects.get()
    assert (run.sheets, run.sheet, run.headers) == (["Notes", "People"], "Notes", ["Read me"])
    before = run.table_id
    start = reverse("contacts:import_start", args=[run.pk])
    assert client.post(start, _choices(run, admin, sheet="Secret")).status_code == 422

    client.post(start, _choices(run, admin, sheet="People"))
    run.refresh_from_db()
    assert (run.sheet, run.headers, run.mapping) == (
        "People",
        ["First name", "Email"],
        {"0": "first_name", "1": "email"},
    )
    assert not StoredFile.objects.filter(pk=before).exists()
    client.post(start, _choices(run, admin, sheet="People"))
    outbox.run_due()

    assert [(c.first_name, c.email) for c in Contact.objects.all()] == [("Anna", "anna@example.com")]
