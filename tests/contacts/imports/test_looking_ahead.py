"""What is remembered, previewed and counted before an import; its errors, its undo and the list."""

import pytest
from django.urls import reverse

from contacts.imports import check
from contacts.models import Company, Contact, ContactPoint, Employment, ImportKey, ImportRun
from contacts.services import people
from crm import outbox
from crm.models import Event, Job, StoredFile
from tests.contacts.imports.tables import as_csv, import_rows, outcomes, start, upload_rows

pytestmark = pytest.mark.django_db


def test_what_was_chosen_is_remembered_for_the_same_columns(client, admin):
    import_rows(
        client, admin, ["Spalte A", "Email"], ["Ulm", "ann@example.com"], **{"column-0": "city", "match": ["email"]}
    )

    again = upload_rows(client, admin, as_csv(["Spalte A", "Email"], ["Bonn", "ben@example.com"]))
    other = upload_rows(client, admin, as_csv(["Email", "spalte a", "Phone"], ["cy@example.com", "Jena", ""]))

    assert (again.mapping, again.match) == ({"0": "city", "1": "email"}, ["email"])
    assert "filled in" in client.get(again.get_absolute_url()).content.decode()
    assert other.mapping == {"0": "email", "1": "city", "2": "phone"}


def test_another_encoding_or_header_line_reads_the_columns_anew(client, admin):
    run = upload_rows(client, admin, as_csv(["x", "y"], ["First name", "Email"], ["Ann", "ann@example.com"]))
    ImportRun.objects.filter(pk=run.pk).update(header_line=1, headers=["x", "y"], mapping={})

    answer = start(client, run, header_line="2", encoding="utf-8", separator=",")

    assert answer.status_code == 302
    assert (run.state, run.headers) == ("draft", ["First name", "Email"])
    assert run.mapping == {"0": "first_name", "1": "email"}


def test_the_preview_says_what_would_become_of_each_row(client, admin, django_assert_max_num_queries):
    people.create_contact(by=admin, first_name="Ann", last_name="Lee", email="ann@example.com")
    rows = [[f"Person {i}", f"p{i}@example.com"] for i in range(30)]
    run = upload_rows(client, admin, as_csv(["Name", "Email"], ["Anna", "ann@example.com"], ["Bad", "bad"], *rows))

    with django_assert_max_num_queries(40):
        page = client.get(run.get_absolute_url()).content.decode()

    assert "updates Ann" in page
    assert page.count("will be created") == 30
    assert "“bad” is not an email address." in page
    assert Contact.objects.count() == 1


def test_a_dry_run_counts_the_whole_file_and_writes_nothing(client, admin, monkeypatch):
    monkeypatch.setattr("contacts.imports.run.BATCH", 3)
    people.create_contact(by=admin, first_name="Ann", email="ann@example.com", company_name="Acme")
    rows = [
        ["Anna", "ann@example.com", "", "Acme"], ["Ben", "ben@example.com", "", "Beta"], ["Bad", "bad", "", ""],
        ["Cy", "cy@example.com", "+49 30 55501192", "Beta"], ["Ben", "BEN@example.com", "+49 30 55501193", "Gamma"],
        ["Cy", "", "030 55501192", ""],
    ]  # fmt: skip
    run = upload_rows(client, admin, as_csv(["First name", "Email", "Phone", "Company"], *rows))
    before = Contact.objects.count(), Company.objects.count(), Event.objects.count()

    start(client, run, dry="1")

    assert (run.state, Contact.objects.count(), Company.objects.count(), Event.objects.count()) == ("draft", *before)
    assert run.check_counts == {
        "created": 2, "updated": 2, "skipped": 1, "failed": 1, "companies_created": 2, "companies_updated": 0,
    }  # fmt: skip
    assert not ImportKey.objects.exists()
    refused = StoredFile.objects.get(pk=Job.objects.get(kind="contacts.import_check").result["file"])
    assert refused.content.read().decode("utf-8-sig").splitlines()[1] == "4,“bad” is not an email address.,Bad,bad,,"
    assert "2 new, 2 updated, 1 left as they are, 1 refused" in client.get(run.get_absolute_url()).content.decode()

    start(client, run)

    assert outcomes(run) == (2, 2, 1, 1)  # the last row tells nothing new
    assert run.counts["companies_created"] == 2


def test_a_cancelled_dry_run_leaves_no_keys(client, admin, monkeypatch):
    monkeypatch.setattr("contacts.imports.run.BATCH", 1)
    run = upload_rows(client, admin, as_csv(["Email"], ["ann@example.com"], ["ben@example.com"]))
    real = check.look

    def cancel(*args):
        Job.objects.update(cancel_requested=True)
        return real(*args)

    monkeypatch.setattr(check, "look", cancel)
    start(client, run, dry="1")

    assert Job.objects.get().state == "cancelled"
    assert (run.check_counts, ImportKey.objects.count(), Contact.objects.count()) == ({}, 0, 0)


def test_refused_rows_come_back_mended_and_keep_what_looked_like_formulas(client, admin):
    run = import_rows(
        client, admin, ["First name", "Last name", "Email", "Phone"], ["=Ann", "-", "ann at example", "+49 30 55501192"]
    )
    file = StoredFile.objects.get(pk=run.job.result["file"])
    text = file.content.read().decode("utf-8-sig")
    assert "'=Ann" in text

    again = upload_rows(client, admin, text.replace("ann at example", "ann@example.com").encode("utf-8-sig"))
    start(client, again)

    ann = Contact.objects.get()
    assert (ann.first_name, ann.last_name, ann.phone) == ("=Ann", "", "+49 30 55501192")


def test_undo_gives_people_roles_addresses_and_companies_back_and_names_who_stays(client, admin):
    ann = people.create_contact(by=admin, first_name="Ann", email="ann@example.com", company_name="Acme", city="Bonn")
    ben = people.create_contact(by=admin, first_name="Ben", email="ben@example.com", city="Ulm")
    acme = Company.objects.get()
    states = [list(model.objects.order_by("pk").values()) for model in (Contact, Employment, ContactPoint, Company)]
    run = import_rows(
        client,
        admin,
        ["First name", "Email", "Phone", "City", "Company", "Industry", "Job title", "Tags"],
        ["Anna", "ann@example.com", "+49 30 55501192", "Ulm", "Acme", "Pumps", "Head", "vip"],
        ["Anna", "ann@example.com", "+49 30 55501193", "Jena", "Beta", "Valves", "Boss", "hot"],
        ["Benny", "ben@example.com", "", "Jena", "", "", "", ""],
        ["Cy", "cy@example.com", "", "", "Gamma", "", "", ""],
        ["Di", "di@example.com", "", "", "Delta", "", "", ""],
    )
    people.log_talk(ben, "note", "Called back.", by=admin)
    people.log_talk(Contact.objects.get(first_name="Di"), "note", "Called.", by=admin)
    page = client.get(reverse("contacts:import_undo", args=[run.pk])).content.decode()
    assert "Benny" in page
    assert "Di" in page
    assert "Anna" not in page
    assert Contact.objects.count() == 4

    client.post(reverse("contacts:import_undo", args=[run.pk]))
    outbox.run_due()

    assert list(run.rows.order_by("line").values_list("line", "undone")) == [
        (2, "restored"), (3, "restored"), (4, "left"), (5, "removed"), (6, "left"),
    ]  # fmt: skip
    job = Job.objects.get(kind="contacts.import_undo")
    assert dict(job.result["rows"]) == {
        "Removed": 1, "Restored": 1, "Left, because somebody worked on them since": 2, "Companies removed": 2, "Companies left": 1,
    }  # fmt: skip
    page = client.get(run.get_absolute_url()).content.decode()
    assert "Benny" in page
    assert "Di" in page
    kept = [list(model.objects.order_by("pk").values()) for model in (Contact, Employment, ContactPoint, Company)]
    assert kept[0][0] == states[0][0]  # Ann, to the instant of her last change
    assert [job for job in kept[1] if job["contact_id"] == ann.pk] == states[1]
    assert [point for point in kept[2] if point["contact_id"] == ann.pk] == [
        p for p in states[2] if p["contact_id"] == ann.pk
    ]
    assert kept[3][0] == states[3][0]
    assert set(Company.objects.values_list("name", flat=True)) == {"Acme", "Delta"}
    assert acme.pk == kept[3][0]["id"]
    assert Event.objects.filter(kind="contact.import_undone", contact_id=ann.pk).count() == 1


def test_imports_are_a_list_of_the_engine(client, admin, django_assert_max_num_queries):
    for i in range(3):
        import_rows(client, admin, ["Email"], [f"p{i}@example.com"])
    draft = upload_rows(client, admin, as_csv(["Email"], ["x@example.com"]), "waiting.csv")

    with django_assert_max_num_queries(30):
        page = client.get(reverse("contacts:imports")).content.decode()
    waiting = client.get(reverse("contacts:imports"), {"view": "waiting"}).content.decode()

    assert page.count("people.csv") >= 3
    assert "waiting.csv" in waiting
    assert "people.csv" not in waiting
    assert draft.get_absolute_url() in client.get(reverse("contacts:imports"), {"q": "WAIT"}).content.decode()


def test_only_an_import_that_never_started_is_deleted(client, admin):
    done = import_rows(client, admin, ["Email"], ["ann@example.com"])
    draft = upload_rows(client, admin, as_csv(["Email"], ["x@example.com"]))

    client.post(reverse("list_bulk", args=["imports", "delete"]), {"pick": [done.pk, draft.pk], "whole": "", "go": "1"})
    outbox.run_due()

    assert list(ImportRun.objects.values_list("pk", flat=True)) == [done.pk]
