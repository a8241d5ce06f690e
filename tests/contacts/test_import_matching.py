"""Whom the lines of a file mean, what becomes of their companies, a dry run, and an undo that leaves people's work."""

import csv
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from contacts.imports import check
from contacts.models import Company, Contact, ContactPoint, Employment, ExternalId, ImportKey, ImportRun
from contacts.services import people
from crm import outbox
from crm.models import Event, Job, StoredFile
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _media(settings, tmp_path, workspace):
    settings.MEDIA_ROOT = tmp_path


def _table(*rows):
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()


def _upload(client, user, data, name="people.csv"):
    client.force_login(user)
    client.post(reverse("contacts:import_new"), {"file": SimpleUploadedFile(name, data)})
    return ImportRun.objects.latest("pk")


def _send(client, run, **choices):
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


def _import(client, user, *rows, **choices):
    run = _upload(client, user, _table(*rows))
    _send(client, run, **choices)
    return run


def _counts(run):
    return tuple(run.counts[name] for name in ("created", "updated", "skipped", "failed"))


def test_colleagues_who_share_a_phone_stay_two_people(client, admin):
    run = _import(
        client,
        admin,
        ["First name", "Last name", "Email", "Phone"],
        ["Ann", "Lee", "ann@example.com", "+49 30 55501192"],
        ["Ben", "Ray", "ben@example.com", "+49 30 55501192"],
        ["Ann", "", "", "+49 30 55501192"],
    )

    assert _counts(run) == (2, 0, 1, 0)
    assert set(Contact.objects.values_list("first_name", "email")) == {
        ("Ann", "ann@example.com"),
        ("Ben", "ben@example.com"),
    }


def test_only_the_chosen_keys_count(client, admin):
    ann = people.create_contact(by=admin, first_name="Ann", email="ann@example.com", phone="+49 30 55501192")

    run = _import(
        client, admin, ["First name", "Email", "Phone"], ["Ann", "new@example.com", "+49 30 55501192"], match=["email"]
    )

    assert _counts(run) == (1, 0, 0, 0)
    assert ann.points.count() == 2


def test_without_a_key_known_people_cannot_be_recognised_and_nothing_starts(client, admin):
    run = _upload(client, admin, _table(["First name"], ["Ann"]))

    answer = _send(client, run, match=[])

    assert answer.status_code == 422
    assert "Choose at least one" in answer.content.decode()
    assert (run.state, Contact.objects.count()) == ("draft", 0)


def test_a_person_is_known_again_by_the_number_of_the_other_system(client, admin):
    rows = ["Record ID", "First Name", "Email", "Lifecycle Stage"], ["51", "Ann", "ann@example.com", "Lead"]
    _import(client, admin, *rows)

    run = _import(client, admin, rows[0], ["51", "Anna", "anna@other.example", "Customer"])

    ann = Contact.objects.get()
    assert _counts(run) == (0, 1, 0, 0)
    assert (ann.first_name, ann.email, ann.stage) == ("Anna", "ann@example.com", "customer")
    assert set(ann.points.values_list("norm", "is_primary")) == {
        ("ann@example.com", True),
        ("anna@other.example", False),
    }
    assert list(ExternalId.objects.values_list("system", "value", "contact")) == [("HubSpot", "51", ann.pk)]
    assert Event.objects.filter(kind="contact.stage_changed", contact_id=ann.pk).count() == 1


def test_a_person_is_known_by_name_and_company_when_that_is_chosen(client, admin):
    people.create_contact(by=admin, first_name="Ann", last_name="Lee", company_name="Acme")
    rows = ["First name", "Last name", "Company", "City"], ["ann", "LEE", "ACME", "Ulm"], ["Ann", "Lee", "Beta", "Bonn"]

    run = _import(client, admin, *rows, match=["name_company", "company_name"])

    assert _counts(run) == (1, 1, 0, 0)
    assert set(Contact.objects.values_list("company__name", "city")) == {("Acme", "Ulm"), ("Beta", "Bonn")}


@pytest.mark.parametrize(
    ("mode", "counts", "cities"),
    [
        ("update", (1, 1, 0, 0), ["Bonn", "Ulm"]),
        ("skip", (1, 0, 1, 0), ["", "Ulm"]),
        ("only", (0, 1, 1, 0), ["Bonn"]),
        ("create", (2, 0, 0, 0), ["", "Bonn", "Ulm"]),
    ],
)
def test_new_and_known_people_are_taken_as_the_mode_says(client, admin, mode, counts, cities):
    people.create_contact(by=admin, first_name="Ann", email="ann@example.com")

    run = _import(
        client, admin, ["Email", "City"], ["ann@example.com", "Bonn"], ["ben@example.com", "Ulm"], duplicates=mode
    )

    assert _counts(run) == counts
    assert sorted(Contact.objects.values_list("city", flat=True)) == cities


def test_only_gaps_are_filled_when_values_are_not_to_be_replaced(client, admin):
    ann = people.create_contact(by=admin, first_name="Ann", email="ann@example.com", company_name="Old Works")

    _import(
        client,
        admin,
        ["First name", "Email", "City", "Company"],
        ["Anna", "ann@example.com", "Ulm", "New Works"],
        overwrites="",
    )

    ann.refresh_from_db()
    assert (ann.first_name, ann.city, ann.company.name) == ("Ann", "Ulm", "Old Works")
    assert set(ann.employments.values_list("company__name", "is_primary")) == {
        ("Old Works", True),
        ("New Works", False),
    }


def test_the_same_file_again_changes_nothing(client, admin):
    rows = (
        ["First name", "Email", "Phone", "Company", "Job title", "Tags", "Note", "INN"],
        ["Ann", "ann@example.com", "+49 30 55501192", "Acme", "Buyer", "vip", "Met in Berlin", "7707083893"],
    )
    _import(client, admin, *rows)
    before = Contact.objects.values().get(), Event.objects.count(), Employment.objects.count()

    run = _import(client, admin, *rows)

    assert _counts(run) == (0, 0, 1, 0)
    assert (Contact.objects.values().get(), Event.objects.count(), Employment.objects.count()) == before


def test_a_row_brings_its_companies_with_roles_in_one_pass(client, admin):
    run = _import(
        client,
        admin,
        ["Email", "Job title", "Associated Company", "INN", "KPP", "Company website", "Industry", "Company phone"],
        [
            "ann@example.com",
            "Buyer",
            "Acme;Beta",
            "7707083893",
            "770701001",
            "https://www.acme.example/de",
            "Pumps",
            "+49 30 5",
        ],
        ["ann@example.com", "Buyer", "Acme;Beta", "7707083893", "770701001", "acme.example", "Pumps", "+49 30 555011"],
        ["ben@example.com", "Head", "Acme", "7707083893", "", "", "", ""],
        ["", "", "Gamma", "", "", "gamma.example", "Valves", ""],
    )

    assert _counts(run) == (3, 0, 0, 1)
    assert run.counts["companies_created"] == 3
    acme = Company.objects.get(name="Acme")
    assert (acme.inn, acme.domain, acme.industry) == ("7707083893", "acme.example", "Pumps")
    assert list(acme.points.values_list("kind", "norm", "is_primary")) == [("phone", "+4930555011", True)]
    assert list(acme.requisites.values_list("inn", "kpp", "name", "is_primary")) == [
        ("7707083893", "770701001", "Acme", True)
    ]
    assert Company.objects.get(name="Gamma").domain == "gamma.example"
    assert set(Employment.objects.values_list("contact__email", "company__name", "role", "is_primary")) == {
        ("ann@example.com", "Acme", "Buyer", True),
        ("ann@example.com", "Beta", "", False),
        ("ben@example.com", "Acme", "Head", True),
    }


def test_a_company_is_known_by_its_taxpayer_number_and_told_apart_by_it(client, admin):
    known = Company.objects.create(name="ООО «Ромашка»", inn="7707083893", owner=admin)

    _import(
        client,
        admin,
        ["Имя", "Компания", "ИНН", "Отрасль"],
        ["Анна", "Ромашка", "7707083893", "Цветы"],
        ["Иван", "ООО «Ромашка»", "7728168971", ""],
    )

    known.refresh_from_db()
    assert (known.name, known.industry) == ("ООО «Ромашка»", "Цветы")
    assert Contact.objects.get(first_name="Анна").company == known
    assert Contact.objects.get(first_name="Иван").company.inn == "7728168971"
    assert Company.objects.count() == 2


def test_a_company_of_others_is_linked_but_never_changed(client, alice, mallory):
    acme = Company.objects.create(name="Acme", owner=alice, team=alice.team)
    mallory.roles.add(
        factories.role(
            "importer", {"import": {"view": 3, "edit": 3}, "company": {"view": 3}, "contact": {"view": 1, "edit": 1}}
        )
    )

    _import(client, mallory, ["Email", "Company", "Industry"], ["ann@example.com", "Acme", "Theft"])

    acme.refresh_from_db()
    assert acme.industry == ""
    assert Contact.objects.get().company == acme


def test_the_owner_of_the_file_is_found_by_name_or_address(client, admin, alice):
    _import(client, admin, ["Email", "Owner"], ["ann@example.com", alice.email], ["ben@example.com", "nobody known"])

    assert dict(Contact.objects.values_list("email", "owner")) == {
        "ann@example.com": alice.pk,
        "ben@example.com": admin.pk,
    }


def test_who_wants_no_letters_gets_none_after_the_import(client, admin):
    people.create_contact(by=admin, first_name="Ben", email="ben@example.com")

    _import(
        client, admin, ["Email", "Unsubscribed from all email"], ["ann@example.com", "true"], ["ben@example.com", "yes"],
        ["cy@example.com", "false"],
    )  # fmt: skip

    out = ContactPoint.objects.filter(opted_out_at__isnull=False).values_list("norm", flat=True)
    assert set(out) == {"ann@example.com", "ben@example.com"}


def test_what_was_chosen_is_remembered_for_the_same_columns(client, admin):
    _import(
        client, admin, ["Spalte A", "Email"], ["Ulm", "ann@example.com"], **{"column-0": "city", "match": ["email"]}
    )

    again = _upload(client, admin, _table(["Spalte A", "Email"], ["Bonn", "ben@example.com"]))
    other = _upload(client, admin, _table(["Email", "spalte a", "Phone"], ["cy@example.com", "Jena", ""]))

    assert (again.mapping, again.match) == ({"0": "city", "1": "email"}, ["email"])
    assert "filled in" in client.get(again.get_absolute_url()).content.decode()
    assert other.mapping == {"0": "email", "1": "city", "2": "phone"}


def test_another_encoding_or_header_line_reads_the_columns_anew(client, admin):
    run = _upload(client, admin, _table(["x", "y"], ["First name", "Email"], ["Ann", "ann@example.com"]))
    ImportRun.objects.filter(pk=run.pk).update(header_line=1, headers=["x", "y"], mapping={})

    answer = _send(client, run, header_line="2", encoding="utf-8", separator=",")

    assert answer.status_code == 302
    assert (run.state, run.headers) == ("draft", ["First name", "Email"])
    assert run.mapping == {"0": "first_name", "1": "email"}


def test_the_preview_says_what_would_become_of_each_row(client, admin, django_assert_max_num_queries):
    people.create_contact(by=admin, first_name="Ann", last_name="Lee", email="ann@example.com")
    rows = [[f"Person {i}", f"p{i}@example.com"] for i in range(30)]
    run = _upload(client, admin, _table(["Name", "Email"], ["Anna", "ann@example.com"], ["Bad", "bad"], *rows))

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
    run = _upload(client, admin, _table(["First name", "Email", "Phone", "Company"], *rows))
    before = Contact.objects.count(), Company.objects.count(), Event.objects.count()

    _send(client, run, dry="1")

    assert (run.state, Contact.objects.count(), Company.objects.count(), Event.objects.count()) == ("draft", *before)
    assert run.check_counts == {
        "created": 2, "updated": 2, "skipped": 1, "failed": 1, "companies_created": 2, "companies_updated": 0,
    }  # fmt: skip
    assert not ImportKey.objects.exists()
    refused = StoredFile.objects.get(pk=Job.objects.get(kind="contacts.import_check").result["file"])
    assert refused.content.read().decode("utf-8-sig").splitlines()[1] == "4,“bad” is not an email address.,Bad,bad,,"
    assert "2 new, 2 updated, 1 left as they are, 1 refused" in client.get(run.get_absolute_url()).content.decode()

    _send(client, run)

    assert _counts(run) == (2, 2, 1, 1)  # the last row tells nothing new
    assert run.counts["companies_created"] == 2


def test_a_cancelled_dry_run_leaves_no_keys(client, admin, monkeypatch):
    monkeypatch.setattr("contacts.imports.run.BATCH", 1)
    run = _upload(client, admin, _table(["Email"], ["ann@example.com"], ["ben@example.com"]))
    real = check.look

    def cancel(*args):
        Job.objects.update(cancel_requested=True)
        return real(*args)

    monkeypatch.setattr(check, "look", cancel)
    _send(client, run, dry="1")

    assert Job.objects.get().state == "cancelled"
    assert (run.check_counts, ImportKey.objects.count(), Contact.objects.count()) == ({}, 0, 0)


def test_refused_rows_come_back_mended_and_keep_what_looked_like_formulas(client, admin):
    run = _import(
        client, admin, ["First name", "Last name", "Email", "Phone"], ["=Ann", "-", "ann at example", "+49 30 55501192"]
    )
    file = StoredFile.objects.get(pk=run.job.result["file"])
    text = file.content.read().decode("utf-8-sig")
    assert "'=Ann" in text

    again = _upload(client, admin, text.replace("ann at example", "ann@example.com").encode("utf-8-sig"))
    _send(client, again)

    ann = Contact.objects.get()
    assert (ann.first_name, ann.last_name, ann.phone) == ("=Ann", "", "+49 30 55501192")


def test_undo_gives_people_roles_addresses_and_companies_back_and_names_who_stays(client, admin):
    ann = people.create_contact(by=admin, first_name="Ann", email="ann@example.com", company_name="Acme", city="Bonn")
    ben = people.create_contact(by=admin, first_name="Ben", email="ben@example.com", city="Ulm")
    acme = Company.objects.get()
    states = [list(model.objects.order_by("pk").values()) for model in (Contact, Employment, ContactPoint, Company)]
    run = _import(
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
        _import(client, admin, ["Email"], [f"p{i}@example.com"])
    draft = _upload(client, admin, _table(["Email"], ["x@example.com"]), "waiting.csv")

    with django_assert_max_num_queries(30):
        page = client.get(reverse("contacts:imports")).content.decode()
    waiting = client.get(reverse("contacts:imports"), {"view": "waiting"}).content.decode()

    assert page.count("people.csv") >= 3
    assert "waiting.csv" in waiting
    assert "people.csv" not in waiting
    assert draft.get_absolute_url() in client.get(reverse("contacts:imports"), {"q": "WAIT"}).content.decode()


def test_only_an_import_that_never_started_is_deleted(client, admin):
    done = _import(client, admin, ["Email"], ["ann@example.com"])
    draft = _upload(client, admin, _table(["Email"], ["x@example.com"]))

    client.post(reverse("list_bulk", args=["imports", "delete"]), {"pick": [done.pk, draft.pk], "whole": "", "go": "1"})
    outbox.run_due()

    assert list(ImportRun.objects.values_list("pk", flat=True)) == [done.pk]
