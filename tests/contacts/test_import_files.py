"""What an import can read: files as other systems export them, and files meant to do harm."""

import csv
import io
import zipfile

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from contacts.imports import encodings, full_names, mapping, reading, upload, vcard
from contacts.imports.cleaning import Cleaner
from contacts.models import ImportRun

pytestmark = pytest.mark.django_db

# Header and one row as each system writes them; then the system that is recognised and what is understood.
EXPORTS = {
    "HubSpot": (
        [
            ("Record ID", "51"), ("First Name", "Anna"), ("Last Name", "Lee"), ("Email", "anna@example.com"),
            ("Additional email addresses", "anna.lee@home.example;al@example.org"), ("Phone Number", "+49 30 55501192"),
            ("Mobile Phone Number", "+49 171 5550119"), ("Contact owner", "Alice"), ("Lifecycle Stage", "Marketing Qualified Lead"),
            ("Associated Company", "Acme;Beta GmbH"), ("Associated Company IDs", "900;901"), ("Job Title", "Buyer"),
            ("State/Region", "Berlin"), ("Country/Region", "Germany"), ("Postal Code", "10115"),
            ("Unsubscribed from all email", "true"), ("Create Date", "2024-01-02 10:00"),
        ],
        {"first_name": "Anna", "last_name": "Lee", "external_id": "51", "owner": "Alice", "stage": "lead", "job_title": "Buyer",
         "region": "Berlin", "country": "DE", "postcode": "10115", "opted_out": True},
        ["anna@example.com", "anna.lee@home.example", "al@example.org", "+493055501192", "+491715550119"],
        ["Acme", "Beta GmbH"],
    ),
    "Bitrix24": (
        [
            ("ID", "7"), ("Обращение", "г-жа"), ("Имя", "Анна"), ("Отчество", "Сергеевна"), ("Фамилия", "Петрова"),
            ("Дата рождения", "31.05.1984"), ("Источник", "Выставка"), ("Компания", "ООО «Ромашка»"), ("Должность", "Закупщик"),
            ("Комментарий", "Звонить утром"), ("Экспорт контактов", "да"), ("Доступен для всех", "да"),
            ("Ответственный", "Иван Иванов"), ("Рабочий телефон", "+7 495 123-45-67, +7 495 123-45-68"),
            ("Мобильный телефон", "8 900 000-11-22"), ("Номер факса", "+7 495 000-00-00"), ("Рабочий e-mail", "a.petrova@romashka.example"),
            ("Частный e-mail", "anna@home.example"), ("Контакт Telegram", "@anna_p"), ("Населенный пункт", "Москва"),
            ("Почтовый индекс", "101000"), ("Страна", "Россия"),
        ],
        {"first_name": "Анна", "middle_name": "Сергеевна", "last_name": "Петрова", "external_id": "7", "source": "Выставка",
         "job_title": "Закупщик", "note": "Звонить утром", "owner": "Иван Иванов", "city": "Москва", "postcode": "101000",
         "country": "RU"},
        ["+74951234567", "+74951234568", "+79000001122", "a.petrova@romashka.example", "anna@home.example", "@anna_p"],
        ["ООО «Ромашка»"],
    ),
    "amoCRM": (
        [
            ("ID", "12"), ("Полное имя контакта", "Петрова Анна Сергеевна"), ("Имя", ""), ("Фамилия", ""), ("Компания", "Ромашка"),
            ("Ответственный", "Иван"), ("Теги", "VIP, опт"), ("Ближайшая задача", "нет"), ("Примечание 1", "Первое"),
            ("Примечание 2", "Второе"), ("Должность (контакт)", "Директор"), ("Рабочий телефон", "'+79000001122"),
            ("Рабочий прямой телефон", ""), ("Рабочий email", "anna@example.com"), ("Личный email", "-"),
        ],
        {"first_name": "Анна", "middle_name": "Сергеевна", "last_name": "Петрова", "external_id": "12", "owner": "Иван",
         "tags": ["VIP", "опт"], "note": "Первое\n\nВторое", "job_title": "Директор"},
        ["+79000001122", "anna@example.com"],
        ["Ромашка"],
    ),
    "EspoCRM": (
        [
            ("id", "5f1c"), ("firstName", "Anna"), ("lastName", "Lee"), ("accountName", "Acme"), ("emailAddress", "anna@example.com"),
            ("phoneNumber", "+493055501192"), ("addressStreet", "Main St 1"), ("addressCity", "Berlin"),
            ("addressPostalCode", "10115"), ("addressCountry", "Germany"), ("title", "Buyer"), ("assignedUserName", "Alice"),
        ],
        {"first_name": "Anna", "last_name": "Lee", "external_id": "5f1c", "street": "Main St 1", "city": "Berlin",
         "postcode": "10115", "country": "DE", "job_title": "Buyer", "owner": "Alice"},
        ["anna@example.com", "+493055501192"],
        ["Acme"],
    ),
    "Google": (
        [
            ("First Name", "Anna"), ("Middle Name", ""), ("Last Name", "Lee"), ("Organization Name", "Acme"),
            ("Organization Title", "Buyer"), ("Birthday", "1984-05-31"), ("Notes", "Met in Berlin"), ("Labels", "Clients ::: * myContacts"),
            ("E-mail 1 - Label", "* Work"), ("E-mail 1 - Value", "anna@example.com"), ("E-mail 2 - Label", "Home"),
            ("E-mail 2 - Value", "anna@home.example"), ("Phone 1 - Label", "Mobile"),
            ("Phone 1 - Value", "+49 171 5550119 ::: +49 30 55501192"), ("Address 1 - Street", "Main St 1"),
            ("Address 1 - City", "Berlin"), ("Address 1 - Country", "DE"),
        ],
        {"first_name": "Anna", "last_name": "Lee", "job_title": "Buyer", "note": "Met in Berlin", "tags": ["Clients", "myContacts"],
         "street": "Main St 1", "city": "Berlin", "country": "DE"},
        ["anna@example.com", "anna@home.example", "+491715550119", "+493055501192"],
        ["Acme"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("system", EXPORTS)
def test_an_export_is_recognised_and_understood_without_a_hand(system):
    pairs, person, points, companies = EXPORTS[system]
    headers = [header for header, _value in pairs]

    row = Cleaner(mapping.guess(headers), "RU").clean(2, [value for _header, value in pairs])

    assert row.reasons == []
    assert mapping.system_of(headers) == system
    row.person.pop("birthday_on", None)
    assert row.person == person
    assert {norm for _kind, _value, norm in row.points} == set(points)
    assert row.points[0][2] == points[0]
    assert row.companies == companies


@pytest.mark.parametrize(
    ("written", "first", "middle", "last"),
    [
        ("Петрова Анна Сергеевна", "Анна", "Сергеевна", "Петрова"),
        ("Анна Сергеевна Петрова", "Анна", "Сергеевна", "Петрова"),
        ("Анна Сергеевна", "Анна", "Сергеевна", ""),
        ("Иванов Пётр", "Пётр", "", "Иванов"),
        ("Марина Иванова", "Марина", "", "Иванова"),
        ("Алиев Руслан Ахмед оглы", "Руслан", "Ахмед оглы", "Алиев"),
        ("г-н Петров Иван Ильич", "Иван", "Ильич", "Петров"),
        ("Anna Lee", "Anna", "", "Lee"),
        ("Lee, Anna", "Anna", "", "Lee"),
        ("Dr. Anna M. Lee, PhD", "Anna", "M.", "Lee"),
        ("Ludwig van Beethoven", "Ludwig", "", "van Beethoven"),
        ("Martin Luther King Jr.", "Martin", "", "Luther King"),
        ("Anna", "Anna", "", ""),
    ],
)
def test_a_name_in_one_column_is_cut_into_its_parts(written, first, middle, last):
    assert full_names.parts(written) == {"first_name": first, "middle_name": middle, "last_name": last}


@pytest.mark.parametrize("encoding", ["utf-8", "cp1251", "koi8-r", "cp866", "mac-cyrillic", "utf-16-le", "utf-16-be"])
def test_the_encoding_of_russian_text_is_found_out(encoding):
    text = "Имя;Фамилия;Город\n" + "Анна;Петрова;Санкт-Петербург\nСергей;Ёлкин;Нижний Новгород\n" * 5

    found, separator = reading.detect(text.encode(encoding))

    assert (found, separator) == (encoding, ";")
    assert encoding in encodings.ENCODINGS


def test_the_line_with_the_column_names_is_found_below_a_title(admin, workspace, tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path
    data = "Контакты на 25.11.2026;;\n;;\nИмя;Фамилия;Рабочий телефон\nАнна;Петрова;+7 900 000-11-22\n".encode("cp1251")

    run = upload.receive(SimpleUploadedFile("report.csv", data), admin)

    assert (run.encoding, run.header_line) == ("cp1251", 3)
    assert run.mapping == {"0": "first_name", "1": "last_name", "2": "phone"}
    assert upload.first_rows(run, 5) == [(4, ["Анна", "Петрова", "+7 900 000-11-22"])]


def test_a_file_without_column_names_is_known_by_its_cells(admin, workspace, tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path

    run = upload.receive(SimpleUploadedFile("a.csv", b"Anna Lee,anna@example.com,+49 30 55501192\nBen Ray,,\n"), admin)

    assert run.header_line == 0
    assert run.mapping == {"0": "full_name", "1": "email", "2": "phone"}


CARDS = """BEGIN:VCARD
VERSION:3.0
N:Lee;Anna;;Dr.;
FN:Anna Lee
ORG:Acme\\, Inc.;Sales
TITLE:Buyer
item1.EMAIL;type=INTERNET;type=HOME:anna@home.example
EMAIL;TYPE=WORK,PREF:anna@example.com
TEL;TYPE=CELL:+49 171 5550119
TEL;TYPE=FAX:+49 30 000000
ADR;TYPE=WORK:;2nd floor;Main St 1;Berlin;;10115;Germany
BDAY:1984-05-31
CATEGORIES:Clients,VIP
NOTE:First line\\nsecond
 \x20line
PHOTO;ENCODING=b;TYPE=JPEG:AAAA
 BBBB
UID:urn:uuid:1
END:VCARD
BEGIN:VCARD
VERSION:4.0
N:Петрова;Анна;Сергеевна;;
TEL;VALUE=uri;PREF=1:tel:+7-900-000-11-22
BDAY:--0531
END:VCARD
BEGIN:VCARD
VERSION:2.1
N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=D0=98=D0=B2=D0=B0=D0=BD=D0=BE=D0=B2;=D0=9F=
=D1=91=D1=82=D1=80
TEL;CELL:+79000001133
END:VCARD
"""


def test_cards_of_every_version_become_rows():
    out = io.StringIO()

    n = vcard.to_csv(CARDS.splitlines(keepends=True), out)

    rows = list(csv.DictReader(io.StringIO(out.getvalue())))
    assert n == len(rows) == 3
    assert {name: value for name, value in rows[0].items() if value} == {
        "UID": "urn:uuid:1", "Full name": "Anna Lee", "First name": "Anna", "Last name": "Lee", "Company": "Acme, Inc.",
        "Email": "anna@example.com ::: anna@home.example", "Phone": "+49 171 5550119", "Job title": "Buyer",
        "Street": "Main St 1, 2nd floor", "City": "Berlin", "Postcode": "10115", "Country": "Germany", "Birthday": "1984-05-31",
        "Tags": "Clients,VIP", "Note": "First line\nsecond line",
    }  # fmt: skip
    assert {name: value for name, value in rows[1].items() if value} == {
        "First name": "Анна", "Middle name": "Сергеевна", "Last name": "Петрова", "Phone": "+7-900-000-11-22",
        "Birthday": "--05-31",
    }  # fmt: skip
    assert (rows[2]["Last name"], rows[2]["First name"], rows[2]["Phone"]) == ("Иванов", "Пётр", "+79000001133")


def test_cards_are_received_as_a_table(admin, workspace, tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path

    run = upload.receive(SimpleUploadedFile("people.vcf", CARDS.encode()), admin)

    assert (run.format, run.system, run.separator) == ("vcard", "vCard", ",")
    assert set(run.mapping.values()) >= {"external_id", "first_name", "last_name", "email", "phone", "company", "tags"}
    assert len(upload.first_rows(run, 9)) == 3


def _book(cells):
    """The bytes of a workbook with these cells, {address: value}."""
    book = openpyxl.Workbook()
    for address, value in cells.items():
        book.active[address] = value
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _with_part(data, name, change):
    """A workbook one of whose parts is another."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for item in old.namelist():
            new.writestr(item, change(old.read(item)) if item == name else old.read(item))
    return out.getvalue()


def _bomb():
    def swell(xml):
        head, _mark, tail = xml.partition(b"</sheetData>")
        return head + b" " * 80_000_000 + b"</sheetData>" + tail

    return _with_part(_book({"A1": "Name", "A2": "Anna"}), "xl/worksheets/sheet1.xml", swell)


def _entity(path):
    def point(xml):
        kind = f'<!DOCTYPE worksheet [<!ENTITY secret SYSTEM "file://{path}">]>'.encode()
        return xml.replace(b"<worksheet", kind + b"<worksheet", 1).replace(b"<t>Anna</t>", b"<t>&secret;</t>")

    return _with_part(_book({"A1": "Name", "A2": "Anna"}), "xl/worksheets/sheet1.xml", point)


def _line_of(n):
    return b"First name,Email\nAnna,anna@example.com\n" + b"x" * n


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a zip bomb", _bomb, "unfolds to more than can be read at once"),
        ("a sheet from corner to corner", lambda: _book({"A1": "Name", "SF1048576": "x"}), "unfolds to more than|more than 500 columns"),
        ("ten thousand columns", lambda: b",".join([b"x"] * 10_000) + b"\n", "more than 500 columns"),
        ("a sheet too wide", lambda: _book({"A1": "Name", "TZ2": "x"}), "more than 500 columns"),
        ("one endless line", lambda: _line_of(4_000_000), "a cell is too long|is longer than"),
        ("a program", lambda: bytes(range(256)) * 40, "no table but a binary file"),
        ("an archive of something else", lambda: b"PK\x03\x04" + b"\x00" * 100, "This workbook cannot be read"),
        ("a card without an end", lambda: b"BEGIN:VCARD\nFN:Anna\n" * 3, "has no end"),
    ],
)  # fmt: skip
def test_a_hostile_file_is_refused_with_a_sentence(admin, workspace, tmp_path, settings, name, data, said):
    settings.MEDIA_ROOT = tmp_path

    with pytest.raises(reading.FileUnreadable) as refused:
        upload.receive(SimpleUploadedFile("people.bin", data()), admin)

    assert any(part in str(refused.value) for part in said.split("|"))
    assert not ImportRun.objects.exists()
    assert list(tmp_path.rglob("*")) == []


def test_an_external_entity_of_a_workbook_is_not_read(admin, workspace, tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path / "media"
    secret = tmp_path / "secret.txt"
    secret.write_text("THE-SECRET")

    try:
        run = upload.receive(SimpleUploadedFile("a.xlsx", _entity(secret)), admin)
    except reading.FileUnreadable:
        return
    assert "THE-SECRET" not in str(upload.first_rows(run, 9)) + str(run.headers)


def test_nul_in_a_cell_is_left_out_and_the_row_taken():
    rows = list(reading.rows(io.BytesIO(b"Name,Email\nAn\x00na,anna@example.com\n"), "utf-8", ","))

    assert rows[1] == (2, ["Anna", "anna@example.com"])
