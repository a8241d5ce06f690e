"""Files as real tools write them, and files that are none."""

import csv
import io

import openpyxl
import pytest
from django.urls import reverse

from contacts.imports import mapping, reading
from contacts.imports.cleaning import Cleaner
from contacts.models import Contact, ContactPoint, ImportRun
from crm import outbox
from crm.models import Event, StoredFile
from tests.contacts.imports.uploads import as_found, import_file, upload_file

pytestmark = pytest.mark.django_db


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

    run = import_file(client, admin, text.encode(encoding))

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

    run = import_file(client, admin, out.getvalue(), "people.xlsx")

    person = Contact.objects.get()
    assert run.counts["created"] == 1
    assert str(person.birthday_on) == "1984-05-31"
    assert ContactPoint.objects.get(kind="phone").norm == "+79000001122"


def test_formulas_and_scripts_are_text(client, admin):
    import_file(client, admin, b"First name,Last name,Email\n=1+1,<script>alert(1)</script>,x@example.com\n")

    page = client.get(Contact.objects.get().get_absolute_url()).content.decode()
    assert "<script>alert(1)</script>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_text_of_every_kind_arrives_as_it_was_written(client, admin):
    street = 'A\\N\t"B"\\.\r\n\\.\nC'
    note = 'One\n\\.\n{"two": "\\"}'
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerows([["First name", "Street", "Tags", "Note"], ["Ann", street, '{a},"b\\', note]])

    import_file(client, admin, out.getvalue().encode())

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
    answer = upload_file(client, admin, data)

    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not ImportRun.objects.exists()


def test_a_file_over_the_limit_is_refused(client, admin, settings):
    settings.MAX_IMPORT_SIZE = 1024 * 1024

    answer = upload_file(client, admin, b"First name\n" + b"x" * 1024 * 1024 * 2)

    assert "is larger than 1 MB" in answer.content.decode()


def test_headers_that_repeat_are_mapped_once():
    assert mapping.guess(["City", "City", "Name", "Unknown"]) == {"0": "city", "2": "full_name"}


def test_mixed_encodings_are_told_by_row():
    row = Cleaner({"0": "first_name", "1": "email"}, "DE").clean(2, ["Anna\ufffd", "a@example.com"])

    assert row.reasons == ["Some characters cannot be read: the file mixes encodings. Save it as UTF-8."]


def test_one_broken_character_does_not_make_a_file_cyrillic():
    data = "Имя,Почта\n".encode() + "Анна,anna@example.com\n".encode() * 50 + b"\xff,b@example.com\n"

    assert reading.detect(data) == ("utf-8", ",")


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
    upload_file(client, admin, out.getvalue(), "book.xlsx")
    run = ImportRun.objects.get()
    assert (run.sheets, run.sheet, run.headers) == (["Notes", "People"], "Notes", ["Read me"])
    before = run.table_id
    start = reverse("contacts:import_start", args=[run.pk])
    assert client.post(start, as_found(run, admin, sheet="Secret")).status_code == 422

    client.post(start, as_found(run, admin, sheet="People"))
    run.refresh_from_db()
    assert (run.sheet, run.headers, run.mapping) == (
        "People",
        ["First name", "Email"],
        {"0": "first_name", "1": "email"},
    )
    assert not StoredFile.objects.filter(pk=before).exists()
    client.post(start, as_found(run, admin, sheet="People"))
    outbox.run_due()

    assert [(c.first_name, c.email) for c in Contact.objects.all()] == [("Anna", "anna@example.com")]
