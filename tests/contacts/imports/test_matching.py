"""Whom the lines of a file mean, and what becomes of their companies."""

import pytest

from contacts.models import Company, Contact, ContactPoint, Employment, ExternalId
from contacts.services import people
from crm.models import Event
from tests import factories
from tests.contacts.imports.tables import as_csv, import_rows, outcomes, start, upload_rows

pytestmark = pytest.mark.django_db


def test_colleagues_who_share_a_phone_stay_two_people(client, admin):
    run = import_rows(
        client,
        admin,
        ["First name", "Last name", "Email", "Phone"],
        ["Ann", "Lee", "ann@example.com", "+49 30 55501192"],
        ["Ben", "Ray", "ben@example.com", "+49 30 55501192"],
        ["Ann", "", "", "+49 30 55501192"],
    )

    assert outcomes(run) == (2, 0, 1, 0)
    assert set(Contact.objects.values_list("first_name", "email")) == {
        ("Ann", "ann@example.com"),
        ("Ben", "ben@example.com"),
    }


def test_only_the_chosen_keys_count(client, admin):
    ann = people.create_contact(by=admin, first_name="Ann", email="ann@example.com", phone="+49 30 55501192")

    run = import_rows(
        client, admin, ["First name", "Email", "Phone"], ["Ann", "new@example.com", "+49 30 55501192"], match=["email"]
    )

    assert outcomes(run) == (1, 0, 0, 0)
    assert ann.points.count() == 2


def test_without_a_key_known_people_cannot_be_recognised_and_nothing_starts(client, admin):
    run = upload_rows(client, admin, as_csv(["First name"], ["Ann"]))

    answer = start(client, run, match=[])

    assert answer.status_code == 422
    assert "Choose at least one" in answer.content.decode()
    assert (run.state, Contact.objects.count()) == ("draft", 0)


def test_a_person_is_known_again_by_the_number_of_the_other_system(client, admin):
    rows = ["Record ID", "First Name", "Email", "Lifecycle Stage"], ["51", "Ann", "ann@example.com", "Lead"]
    import_rows(client, admin, *rows)

    run = import_rows(client, admin, rows[0], ["51", "Anna", "anna@other.example", "Customer"])

    ann = Contact.objects.get()
    assert outcomes(run) == (0, 1, 0, 0)
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

    run = import_rows(client, admin, *rows, match=["name_company", "company_name"])

    assert outcomes(run) == (1, 1, 0, 0)
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

    run = import_rows(
        client, admin, ["Email", "City"], ["ann@example.com", "Bonn"], ["ben@example.com", "Ulm"], duplicates=mode
    )

    assert outcomes(run) == counts
    assert sorted(Contact.objects.values_list("city", flat=True)) == cities


def test_only_gaps_are_filled_when_values_are_not_to_be_replaced(client, admin):
    ann = people.create_contact(by=admin, first_name="Ann", email="ann@example.com", company_name="Old Works")

    import_rows(
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
    import_rows(client, admin, *rows)
    before = Contact.objects.values().get(), Event.objects.count(), Employment.objects.count()

    run = import_rows(client, admin, *rows)

    assert outcomes(run) == (0, 0, 1, 0)
    assert (Contact.objects.values().get(), Event.objects.count(), Employment.objects.count()) == before


def test_a_row_brings_its_companies_with_roles_in_one_pass(client, admin):
    run = import_rows(
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

    assert outcomes(run) == (3, 0, 0, 1)
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

    import_rows(
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

    import_rows(client, mallory, ["Email", "Company", "Industry"], ["ann@example.com", "Acme", "Theft"])

    acme.refresh_from_db()
    assert acme.industry == ""
    assert Contact.objects.get().company == acme


def test_the_owner_of_the_file_is_found_by_name_or_address(client, admin, alice):
    import_rows(
        client, admin, ["Email", "Owner"], ["ann@example.com", alice.email], ["ben@example.com", "nobody known"]
    )

    assert dict(Contact.objects.values_list("email", "owner")) == {
        "ann@example.com": alice.pk,
        "ben@example.com": admin.pk,
    }


def test_who_wants_no_letters_gets_none_after_the_import(client, admin):
    people.create_contact(by=admin, first_name="Ben", email="ben@example.com")

    import_rows(
        client, admin, ["Email", "Unsubscribed from all email"], ["ann@example.com", "true"], ["ben@example.com", "yes"],
        ["cy@example.com", "false"],
    )  # fmt: skip

    out = ContactPoint.objects.filter(opted_out_at__isnull=False).values_list("norm", flat=True)
    assert set(out) == {"ann@example.com", "ben@example.com"}
