"""Contacts and companies: forms, edit in place, addresses, files, timeline, history."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from contacts.models import Company, Contact, ContactPoint
from contacts.services import people, points, tasks
from crm.events import EventRow, record_many
from crm.models import Event, Note, StoredFile
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _workspace(workspace, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def ann(alice):
    return people.create_contact(
        by=alice,
        first_name="Ann",
        last_name="Lee",
        email="ann@example.com",
        phone="+49 30 55501192",
        company_name="Acme",
    )


def _new(client, **data):
    return client.post(reverse("contacts:contact_create"), {"stage": "lead", **data})


def test_a_contact_is_made_with_its_addresses_company_owner_and_event(client, alice):
    client.force_login(alice)

    answer = _new(
        client, first_name="Ben", email="Ben@Example.com", phone="030 55501193", company="Acme", tags="vip, fair"
    )

    ben = Contact.objects.get()
    assert answer.url == ben.get_absolute_url()
    assert (ben.email, ben.company.name, ben.owner, ben.team, ben.tags) == (
        "ben@example.com", "Acme", alice, alice.team, ["vip", "fair"],
    )  # fmt: skip
    assert sorted(ben.points.values_list("kind", "norm", "is_primary")) == [
        ("email", "ben@example.com", True),
        ("phone", "+493055501193", True),
    ]
    assert list(Event.objects.for_contact(ben).values_list("kind", flat=True)) == ["contact.created"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({}, "Write at least a name, an email or a phone."),
        ({"first_name": "Ben", "email": "ben"}, "is not an email address"),
        ({"first_name": "Ben", "phone": "12"}, "is not a phone number"),
    ],
)
def test_a_contact_that_cannot_be_is_refused_with_a_sentence(client, alice, data, said):
    client.force_login(alice)

    answer = _new(client, **data)

    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not Contact.objects.exists()


def test_somebody_with_the_same_phone_is_shown_before_a_second_one_is_made(client, alice, ann):
    client.force_login(alice)

    warned = _new(client, first_name="Anna", phone="030/555 011 92")
    assert (warned.status_code, Contact.objects.count()) == (422, 1)
    assert "Is it one of these?" in warned.content.decode()

    _new(client, first_name="Anna", phone="030/555 011 92", anyway="1")
    assert Contact.objects.count() == 2


def test_the_warning_names_nobody_whom_the_maker_may_not_see(client, ann, mallory):
    client.force_login(mallory)

    assert _new(client, first_name="Eve", email="ann@example.com").status_code == 302


def test_a_changed_address_that_others_have_is_warned_of_too(client, alice, ann):
    ben = people.create_contact(by=alice, first_name="Ben", email="ben@example.com")
    client.force_login(alice)
    url = reverse("contacts:contact_edit", args=[ben.pk])
    data = {"first_name": "Ben", "stage": "lead", "email": "ann@example.com", "owner": alice.pk}

    warned = client.post(url, data)
    ben.refresh_from_db()
    assert (warned.status_code, ben.email) == (422, "ben@example.com")

    assert client.post(url, data | {"anyway": "1"}).status_code == 302
    ben.refresh_from_db()
    assert ben.email == "ann@example.com"


def test_one_field_is_changed_in_place(client, alice, ann):
    client.force_login(alice)
    url = reverse("contacts:contact_field", args=[ann.pk, "city"])

    answer = client.post(url, {"city": "Bremen", "was": ""}, headers={"HX-Request": "true"})

    ann.refresh_from_db()
    assert (answer.status_code, ann.city) == (200, "Bremen")
    assert "contact:changed" in answer.headers["HX-Trigger"]


def test_a_field_that_a_colleague_changed_meanwhile_is_not_written_over(client, alice, ann):
    client.force_login(alice)
    Contact.objects.filter(pk=ann.pk).update(city="Hamburg")
    url = reverse("contacts:contact_field", args=[ann.pk, "city"])

    answer = client.post(url, {"city": "Bremen", "was": ""}, headers={"HX-Request": "true"})

    ann.refresh_from_db()
    assert (answer.status_code, ann.city) == (422, "Hamburg")
    assert "Hamburg" in answer.content.decode()


def test_fields_that_the_page_does_not_offer_cannot_be_written(client, alice, ann):
    client.force_login(alice)

    for name in ("score", "quality", "version", "name_key", "team"):
        assert client.post(reverse("contacts:contact_field", args=[ann.pk, name]), {name: "99"}).status_code == 404


def test_the_primary_address_is_repeated_and_passes_on_when_removed(ann):
    second = points.add_point(ann, "email", "Ann.Lee@Work.example")
    assert Contact.objects.get(pk=ann.pk).email == "ann@example.com"

    points.add_point(ann, "email", "ann.lee@work.example", primary=True)
    assert Contact.objects.get(pk=ann.pk).email == "ann.lee@work.example"
    assert ann.points.filter(kind="email").count() == 2

    second.refresh_from_db()
    points.remove_point(second)
    assert Contact.objects.get(pk=ann.pk).email == "ann@example.com"


def test_a_point_of_another_person_cannot_be_removed_through_mine(client, alice, ann, bob):
    foreign = people.create_contact(by=factories.user("Zed"), first_name="Zoe", email="zoe@example.com").points.get()
    client.force_login(alice)

    assert (
        client.post(reverse("contacts:row_delete", args=["contact", ann.pk, "points", foreign.pk])).status_code == 404
    )
    assert ContactPoint.objects.filter(pk=foreign.pk).exists()


def test_a_talk_stands_in_the_timeline_and_counts_as_touch(client, alice, ann):
    client.force_login(alice)

    client.post(
        reverse("contacts:contact_talk_create", args=[ann.pk]),
        {"kind": "call", "text": "Wants <b>two</b>", "minutes": 7},
    )

    ann.refresh_from_db()
    assert ann.last_touch_at is not None
    page = client.get(ann.get_absolute_url()).content.decode()
    assert "Wants &lt;b&gt;two&lt;/b&gt;" in page
    note = Note.objects.about(ann).get()
    assert Event.objects.for_contact(ann).first().data == {"note": note.pk, "minutes": 7}
    assert (note.text, note.author) == ("Wants <b>two</b>", alice)


def test_an_empty_talk_is_refused(client, alice, ann):
    client.force_login(alice)

    answer = client.post(reverse("contacts:contact_talk_create", args=[ann.pk]), {"kind": "note", "text": " "})

    assert answer.status_code == 422
    assert not Event.objects.for_contact(ann).filter(kind="note.added").exists()


def test_a_file_is_kept_with_the_person_and_hidden_from_others(client, alice, ann, mallory):
    client.force_login(alice)
    client.post(reverse("contacts:file_create", args=[ann.pk]), {"file": SimpleUploadedFile("plan.txt", b"plan")})
    url = reverse("file_show", args=[StoredFile.objects.get().uuid])

    assert client.get(url).status_code == 200
    client.force_login(mallory)
    assert client.get(url).status_code == 404


def test_history_shows_before_and_after_and_who(client, alice, ann):
    client.force_login(alice)
    client.post(reverse("contacts:contact_field", args=[ann.pk, "city"]), {"city": "Bremen", "was": ""})
    client.post(reverse("contacts:contact_field", args=[ann.pk, "city"]), {"city": "Ulm", "was": "Bremen"})

    page = client.get(reverse("history", args=["contact", ann.pk])).content.decode()

    assert all(word in page for word in ("Bremen", "Ulm", "Alice"))


def test_deleting_a_company_leaves_its_people_and_their_tasks(client, alice, ann):
    client.force_login(alice)
    tasks.create_task(owner=alice, title="Call Ann", contact=ann, by=alice)

    client.post(reverse("contacts:company_delete", args=[ann.company.pk]))

    ann.refresh_from_db()
    assert (ann.company, Company.objects.count()) == (None, 0)
    assert (ann.next_step, ann.tasks.count()) == ("", 1)


def test_the_page_of_a_person_costs_the_same_with_three_thousand_events(
    client, alice, ann, django_assert_max_num_queries
):
    now = timezone.now()
    record_many(
        [
            EventRow(
                "note.added", contact_id=ann.pk, actor_id=alice.pk, at=now - timedelta(minutes=i), data={"text": str(i)}
            )
            for i in range(3000)
        ]
    )
    client.force_login(alice)
    client.get(ann.get_absolute_url())

    with django_assert_max_num_queries(25):
        assert client.get(ann.get_absolute_url()).status_code == 200


def test_who_gives_a_person_away_is_led_to_a_page_that_opens(client, alice, ann, mallory):
    client.force_login(alice)
    data = {"first_name": "Ann", "stage": "lead", "email": ann.email, "owner": mallory.pk}

    answer = client.post(reverse("contacts:contact_edit", args=[ann.pk]), data, follow=True)

    ann.refresh_from_db()
    assert (answer.status_code, ann.owner) == (200, mallory)
