"""A list as a file: safe cells, one's own rows, the columns shown."""

import csv
import io

import pytest
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from contacts.models import Contact
from crm import outbox
from crm.conditions.widgets import dump
from crm.lists.export import safe
from crm.models import Job, StoredFile
from tests import factories

pytestmark = pytest.mark.django_db


def exported(client, query="?cols=city,phone", separator=","):
    client.post(reverse("list_export", args=["contacts"]) + query, {"separator": separator})
    outbox.run_due()
    job = Job.objects.get(kind="lists.export")
    assert job.state == "done"
    raw = StoredFile.objects.get(pk=job.result["file"]).content.read()
    return raw, list(csv.reader(io.StringIO(raw.decode("utf-8-sig")), delimiter=separator))


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+1+1", "'+1+1"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("\n=1", "'\n=1"),
        ("＝1+1", "'＝1+1"),
        ("＋1", "'＋1"),
        ('"=1+1', "'\"=1+1"),
        ("' =cmd|'/c calc'!A0", "'' =cmd|'/c calc'!A0"),
        ("+7 916 123-45-67", "+7 916 123-45-67"),
        ("+49 (30) 123456", "+49 (30) 123456"),
        ("+-1234567", "'+-1234567"),
        ("Ulm", "Ulm"),
        ("a=b", "a=b"),
        ("Жуков 🙂", "Жуков 🙂"),
        ("nul\x00l", "null"),
        (None, ""),
        (-5, -5),
    ],
)
def test_no_cell_is_a_formula_and_phones_stay_phones(value, cell):
    assert safe(value) == cell


def test_the_file_holds_the_shown_columns_of_what_fits(client, alice, monkeypatch, tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path
    factories.contact("Анна", "Жукова", owner=alice, team=alice.team, city="=HYPERLINK(1)", phone="+7 916 123-45-67")
    factories.contact("Bea", 'Q"uote, comma', owner=alice, team=alice.team, city="Ulm\nline")
    factories.contact("Carl", "Other", owner=alice, team=alice.team, city="Bonn")
    client.force_login(alice)

    raw, rows = exported(client, "?cols=city,phone&f=" + dump({"not": {"field": "city", "op": "is", "value": "Bonn"}}))

    assert raw.startswith(b"\xef\xbb\xbf")
    assert rows == [
        ["Name", "City", "Phone"],
        ["Анна Жукова", "'=HYPERLINK(1)", "+7 916 123-45-67"],
        ['Bea Q"uote, comma', "Ulm\nline", ""],
    ]


def test_a_workbook_keeps_dates_and_numbers_and_runs_nothing(client, alice, tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path
    ann = factories.contact("Анна", "Жукова", owner=alice, team=alice.team, city="=HYPERLINK(1)", score=7)
    client.force_login(alice)

    client.post(reverse("list_export", args=["contacts"]) + "?cols=city,score,created", {"separator": "xlsx"})
    outbox.run_due()

    file = StoredFile.objects.get(pk=Job.objects.get(kind="lists.export").result["file"])
    assert file.name.endswith(".xlsx")
    head, row = load_workbook(io.BytesIO(file.content.read())).active.iter_rows()
    assert [cell.value for cell in head] == ["Name", "City", "Score", "Added"]
    assert [cell.value for cell in row][:3] == ["Анна Жукова", "=HYPERLINK(1)", 7]
    assert (row[1].data_type, row[3].value.date()) == ("s", timezone.localdate(ann.created_at))


def test_only_rows_that_may_be_exported_are_in_it(client, alice, mallory, tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path
    factories.contact("Ann", "Lee", owner=alice, team=alice.team)
    factories.contact("Mia", "Low", owner=mallory, team=mallory.team)
    client.force_login(alice)

    _raw, rows = exported(client, "?cols=city")

    assert rows == [["Name", "City"], ["Ann Lee", ""]]


def test_who_may_not_export_gets_neither_button_nor_job(client, alice, carol):
    factories.contact("Ann", "Lee", owner=alice, team=alice.team)
    client.force_login(carol)

    page = client.get(reverse("contacts:index"))
    answer = client.post(reverse("list_export", args=["contacts"]), {"separator": ","})

    assert page.context["export_url"] == ""
    assert answer.status_code == 403
    assert not Job.objects.exists()


def test_a_right_taken_away_before_the_job_runs_leaves_no_file(client, alice):
    factories.contact("Ann", "Lee", owner=alice, team=alice.team)
    client.force_login(alice)
    client.post(reverse("list_export", args=["contacts"]), {"separator": ","})
    role = alice.roles.get()
    role.grants = {kind: levels | {"export": 0} for kind, levels in role.grants.items()}
    role.save()

    outbox.run_due()

    assert Job.objects.get().state == "failed"
    assert not StoredFile.objects.exists()


def test_nobody_else_fetches_the_file(client, alice, bob, tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path
    factories.contact("Ann", "Lee", owner=alice, team=alice.team)
    client.force_login(alice)
    exported(client)
    url = StoredFile.objects.get().get_absolute_url()

    mine = client.get(url).status_code
    client.force_login(bob)

    assert (mine, client.get(url).status_code) == (200, 404)


def test_a_column_of_a_kind_one_may_not_see_is_not_there(client, alice):
    role = alice.roles.get()
    role.grants = role.grants | {"order": {"view": 0}}
    role.save()
    factories.contact("Ann", "Lee", owner=alice, team=alice.team)
    client.force_login(alice)

    assert client.get(reverse("contacts:index") + "?cols=bought").status_code == 400
    assert (
        client.post(reverse("list_export", args=["contacts"]) + "?cols=bought", {"separator": ","}).status_code == 400
    )
    assert not Job.objects.exists()
    assert Contact.objects.count() == 1
