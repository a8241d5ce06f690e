"""A file that says "wants no letters": the ledger says so too, with file, line, time and who, and no more once it is undone."""

from datetime import UTC, datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from contacts.models import Consent, ConsentChain, Contact, ContactPoint, ImportRun
from contacts.services import consents, ledger, people
from crm import outbox
from crm.models import Event

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 25, 9, 0, tzinfo=UTC)
FILE = (
    "First name,Last name,Email,Unsubscribed from all email\n"
    "Ann,Lee,ann@client.test,yes\nBo,Ray,bo@client.test,yes\nCy,Fox,cy@client.test,no\nDi,Kay,di@client.test,TRUE\n"
)


@pytest.fixture(autouse=True)
def _media(settings, tmp_path, workspace, time_machine):
    settings.MEDIA_ROOT = tmp_path
    time_machine.move_to(NOW)


@pytest.fixture
def ann(alice):
    contact = people.create_contact(by=alice, first_name="Ann", last_name="Lee", email="ann@client.test")
    consents.state_consent(contact, "advertising", given=True, source="form", by=alice)
    return contact


@pytest.fixture
def di(alice):
    contact = people.create_contact(by=alice, first_name="Di", last_name="Kay", email="di@client.test")
    consents.state_consent(contact, "advertising", given=False, source="call", by=alice)
    return contact


@pytest.fixture
def run(client, alice, admin, ann, di, time_machine):
    time_machine.shift(60)
    client.force_login(admin)
    client.post(reverse("contacts:import_new"), {"file": SimpleUploadedFile("list.csv", FILE.encode())})
    run = ImportRun.objects.get()
    columns = {f"column-{i}": field for i, field in run.mapping.items()}
    data = {"duplicates": "update", "owner": alice.pk, "match": run.match, "overwrites": "on", **columns}
    client.post(reverse("contacts:import_start", args=[run.pk]), data)
    outbox.run_due()
    run.refresh_from_db()
    assert run.counts["failed"] == 0
    return run


def _standing():
    people_ = Contact.objects.order_by("first_name")
    found = {c.first_name: consents.standing(c, "advertising") for c in people_}
    return {name: row and row.is_given for name, row in found.items()}


def test_the_ledger_says_who_refused_in_which_line_of_which_file(run, admin, ann):
    assert _standing() == {"Ann": False, "Bo": False, "Cy": None, "Di": False}
    stated = Consent.objects.filter(way="import").order_by("contact__first_name")
    assert [(c.contact.first_name, c.point, c.source, c.note, c.by, c.by_name) for c in stated] == [
        (name, f"{name.lower()}@client.test", "Import: list.csv", f"Line {line}, column “Unsubscribed from all email”: yes", admin,
         f"{admin} <{admin.email}>")
        for name, line in (("Ann", 2), ("Bo", 3))
    ]  # fmt: skip
    assert {c.at for c in stated} == set(run.rows.filter(line__in=[2, 3]).values_list("at", flat=True))
    # What was refused before is not said again.
    assert Consent.objects.filter(contact__first_name="Di").count() == 1
    assert [ledger.faults_of(c) for c in Contact.objects.all()] == [{}] * 4
    assert ledger.broken_chains() == ([], None)
    out = ContactPoint.objects.filter(opted_out_at__isnull=False).order_by("norm").values_list("norm", flat=True)
    assert [norm for norm in out if norm[:2] != "di"] == ["ann@client.test", "bo@client.test"]
    event = Event.objects.for_contact(ann).filter(kind="consent.withdrawn").get()
    assert (event.data["source"], event.data["consent"]) == ("Import: list.csv", stated[0].pk)


def test_undone_it_was_never_said(client, run, alice, ann):
    client.post(reverse("contacts:import_undo", args=[run.pk]))
    outbox.run_due()

    assert _standing() == {"Ann": True, "Di": False}
    assert not Consent.objects.filter(way="import").exists()
    assert not ConsentChain.objects.filter(number__lte=ledger.APART).exists()
    assert ContactPoint.objects.get(contact=ann, kind="email").opted_out_at is None
    assert (ledger.faults_of(ann), ledger.broken_chains()) == ({}, ([], None))


def test_a_refusal_stays_where_somebody_worked_on_the_person_since(client, run, alice, ann, time_machine):
    time_machine.shift(60)
    people.log_talk(ann, "call", "Really wants nothing", by=alice)

    client.post(reverse("contacts:import_undo", args=[run.pk]))
    outbox.run_due()

    assert _standing() == {"Ann": False, "Di": False}
