"""An import from its start to its end: errors, known people, the history, who may."""

import pytest
from django.db import connection
from django.urls import reverse

from contacts.imports import run as importing
from contacts.models import Contact, ContactPoint, ImportedRow, ImportRun
from contacts.services import people
from crm import audit, outbox
from crm.models import CustomField, Job
from tests import factories
from tests.contacts.imports.uploads import as_found, import_file, upload_file

pytestmark = pytest.mark.django_db


def test_bad_rows_come_back_with_reasons_and_the_good_ones_stay(client, admin):
    data = "Name,Email,Phone,Birthday\nAnn Lee,ann@example.com,,\nBen,not-an-address,,\n,,,\nCy,cy@example.com,12,\nDi,di@example.com,,32.01.1990\n"

    run = import_file(client, admin, data.encode())

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

    run = import_file(
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

    run = import_file(client, admin, b"First name,Email\nOther,ann@example.com\n", duplicates=mode)

    ann.refresh_from_db()
    assert (counts[0], run.counts[counts[0]]) == counts
    assert ann.first_name == "Ann"
    assert Contact.objects.count() == people_after


def test_a_person_of_others_is_never_changed_by_an_import(client, alice, mallory):
    ann = people.create_contact(by=alice, first_name="Ann", email="ann@example.com")
    mallory.roles.add(factories.role("importer", {"import": {"view": 3, "edit": 3}}))

    import_file(client, mallory, b"First name,Email\nStolen,ann@example.com\n")

    ann.refresh_from_db()
    assert (ann.first_name, ann.owner) == ("Ann", alice)


def test_reasons_are_in_the_language_of_the_person(client, admin):
    admin.language = "ru"
    admin.save()

    run = import_file(client, admin, b"First name,Email\nBen,not-an-address\n")

    assert run.rows.get().reason == "«not-an-address» — не адрес почты."


def test_later_rows_know_a_person_by_what_earlier_rows_told(client, admin):
    run = import_file(
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

    run = import_file(client, admin, b"First name,Email,Company\nAnn,ann@example.com,New Works\n")

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

    import_file(client, admin, b"First name,Email,City\nAnn,ann@example.com,Ulm\n")

    ann.refresh_from_db()
    changes = [(c.field, c.before, c.after, c.who) for c in audit.changes_of(ann)]
    assert ("city", "Bonn", "Ulm", admin.pk) in changes


@pytest.mark.parametrize(("who", "status"), [("alice", 404), ("mallory", 404)])
def test_nobody_sees_the_import_of_another(request, client, admin, who, status):
    run = import_file(client, admin, b"First name,Email\nAnn,ann@example.com\n")
    client.force_login(request.getfixturevalue(who))

    assert client.get(run.get_absolute_url()).status_code == status
    assert client.post(reverse("contacts:import_undo", args=[run.pk])).status_code == status
    assert Contact.objects.count() == 1


def test_who_may_not_import_cannot_upload(client, carol):
    answer = upload_file(client, carol, b"First name\nAnn\n")

    assert answer.status_code == 403
    assert not ImportRun.objects.exists()


def test_five_thousand_rows_are_imported_with_few_statements(client, admin, django_assert_max_num_queries):
    rows = "".join(
        f"Person{i},Family{i % 70},p{i}@example.com,+49305550{i:05},Company {i % 300}\n" for i in range(5000)
    )
    upload_file(client, admin, f"First name,Last name,Email,Phone,Company\n{rows}".encode())
    run = ImportRun.objects.get()
    client.post(reverse("contacts:import_start", args=[run.pk]), as_found(run, admin))

    with django_assert_max_num_queries(160):
        outbox.run_due()

    run.refresh_from_db()
    assert run.counts == {"created": 5000, "updated": 0, "skipped": 0, "failed": 0, "companies_created": 300}
    assert factories.Company.objects.count() == 300


def test_the_planner_knows_new_people_at_once_where_they_are_many(client, admin):
    def planned():
        with connection.cursor() as cursor:
            cursor.execute("SELECT reltuples FROM pg_class WHERE relname = 'contacts_contact'")
            return int(cursor.fetchone()[0])

    for n in range(19):
        factories.contact(f"Old{n}", "Ray", owner=admin)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE contacts_contact")
    before = planned()
    import_file(client, admin, b"Name,Email\nAnn Lee,ann@example.com\nBo Lee,bo@example.com\nCy Lee,cy@example.com\n")
    first = planned()
    import_file(client, admin, b"Name,Email\nDi Lee,di@example.com\n")

    assert (before, first, planned(), Contact.objects.count()) == (19, 22, 22, 23)


def test_an_import_is_started_once(client, admin):
    run = import_file(client, admin, b"First name,Email\nAnn,ann@example.com\n")

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

    run = import_file(client, admin, f"Email,First name,Last name,Level,Grade\n{rows}".encode())

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
