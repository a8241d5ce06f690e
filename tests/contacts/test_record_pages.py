"""The pages of people and companies: edit in place, letters, talks, addresses that somebody has already."""

import pytest
from django.urls import reverse
from django.utils import timezone

from contacts.models import Company, Contact, ContactPoint
from contacts.services import letters, people, points
from contacts.services.consents import state_consent
from crm import audit, outbox
from crm.mail import send_due
from crm.models import Delivery, Event

pytestmark = pytest.mark.django_db
HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def ann(alice, workspace):
    return people.create_contact(
        by=alice, first_name="Ann", last_name="Lee", email="ann@example.com", company_name="Acme", language="en"
    )


@pytest.fixture
def acme(ann):
    Company.objects.update(email="office@acme.example")
    return Company.objects.get()


def _write(client, record, **data):
    name = "contact" if isinstance(record, Contact) else "company"
    return client.post(reverse(f"contacts:{name}_talk_create", args=[record.pk]), data, **HTMX)


def _edit(client, record, name, value, **more):
    kind = "contact" if isinstance(record, Contact) else "company"
    return client.post(
        reverse(f"contacts:{kind}_field", args=[record.pk, name]), {name: value, "was": "", **more}, **HTMX
    )


def test_a_saved_field_brings_the_quality_and_the_name_of_the_page_with_it(client, alice, ann):
    client.force_login(alice)

    page = _edit(client, ann, "city", "Bergen").content.decode()

    assert 'id="field-city"' in page
    assert 'id="quality" hx-swap-oob="true"' in page
    assert 'value="92"' in page
    assert 'id="next-step" hx-swap-oob="true"' in page
    assert 'id="identity" hx-swap-oob="true"' in page


def test_a_company_is_edited_in_place_and_its_history_tells(client, alice, acme):
    client.force_login(alice)

    answer = _edit(client, acme, "industry", "Paper")

    acme.refresh_from_db()
    assert (answer.status_code, acme.industry) == (200, "Paper")
    assert "Paper" in answer.content.decode()
    assert ("industry", "", "Paper") in [(c.field, c.before, c.after) for c in audit.changes_of(acme)]


def test_a_company_changed_meanwhile_is_not_written_over_unseen(client, alice, acme):
    Company.objects.filter(pk=acme.pk).update(city="Ulm")
    client.force_login(alice)

    answer = _edit(client, acme, "city", "Bergen")

    acme.refresh_from_db()
    assert (answer.status_code, acme.city) == (422, "Ulm")
    assert "Somebody changed this to “Ulm” meanwhile." in answer.content.decode()


def test_a_company_given_to_somebody_else_says_so_in_the_stream(client, alice, bob, acme):
    client.force_login(alice)

    _edit(client, acme, "owner", bob.pk, was=str(alice.pk))

    acme.refresh_from_db()
    assert acme.owner == bob
    assert Event.objects.for_company(acme).first().kind == "company.assigned"


@pytest.mark.parametrize("name", ["name_key", "custom", "version", "nothing"])
def test_only_the_details_of_the_page_are_edited(client, alice, acme, name):
    client.force_login(alice)

    assert _edit(client, acme, name, "x").status_code == 404


@pytest.mark.parametrize(("who", "status"), [("carol", 403), ("mallory", 404)])
def test_others_edit_and_write_nothing(request, client, acme, ann, who, status):
    client.force_login(request.getfixturevalue(who))
    before = Event.objects.count()

    answers = [
        _edit(client, acme, "city", "Bergen"),
        _write(client, acme, kind="note", text="x"),
        _write(client, ann, kind="email", subject="x", text="x"),
    ]

    acme.refresh_from_db()
    assert [answer.status_code for answer in answers] == [status] * 3
    assert (acme.city, Event.objects.count(), Delivery.objects.count()) == ("", before, 0)


def test_a_note_on_a_company_stands_in_its_timeline_and_counts_as_touch(client, alice, acme):
    client.force_login(alice)

    _write(client, acme, kind="meeting", text="In Bergen", minutes=90)

    acme.refresh_from_db()
    page = client.get(acme.get_absolute_url()).content.decode()
    assert acme.last_touch_at is not None
    assert "met the client · 90 min" in page
    assert "In Bergen" in page


def test_a_letter_from_the_composer_goes_out_and_stands_in_the_timeline(client, alice, ann, smtp):
    client.force_login(alice)

    _write(client, ann, kind="email", subject="Your question", text="Dear Ann,\n<b>here</b> it is.")
    send_due()

    (letter,) = smtp.letters
    assert (letter.to, letter.subject) == (["ann@example.com"], "Your question")
    assert letter.body("plain").startswith("Dear Ann,")
    assert "&lt;b&gt;here&lt;/b&gt;" in letter.body("html")
    event = Event.objects.for_contact(ann).get(kind="letter.written")
    assert (event.data["title"], event.data["text"], event.actor_id) == (
        "Your question",
        "Dear Ann,\n<b>here</b> it is.",
        alice.pk,
    )
    assert "wrote Your question" in client.get(ann.get_absolute_url()).content.decode()


def test_a_letter_to_a_company_goes_to_its_address(client, alice, acme, smtp):
    client.force_login(alice)

    _write(client, acme, kind="email", subject="Hello", text="All of you")
    send_due()

    assert smtp.letters[0].to == ["office@acme.example"]
    assert Event.objects.for_company(acme).first().kind == "letter.written"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"subject": "", "text": "x"}, "Give the letter a subject first."),
        ({"subject": "x", "text": ""}, "Write what was said first."),
    ],
)
def test_a_letter_without_subject_or_text_is_refused_and_keeps_what_was_written(client, alice, ann, data, said):
    client.force_login(alice)

    answer = _write(client, ann, kind="email", **data)

    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not Delivery.objects.exists()


def _bounced(ann):
    ContactPoint.objects.filter(contact=ann).update(bounced_at=timezone.now())


def _withdrawn(ann):
    state_consent(ann, "personal_data", given=False)


def _without_address(ann):
    points.set_primary(ann, "email", "")


@pytest.mark.parametrize("what", [_bounced, _withdrawn, _without_address])
def test_to_whom_no_letter_may_go_none_is_written(client, alice, ann, what):
    what(ann)
    client.force_login(alice)

    answer = _write(client, ann, kind="email", subject="x", text="x")

    ann.refresh_from_db()
    assert answer.status_code == 422
    assert letters.refusal(ann) in answer.content.decode().replace("&#x27;", "'")
    assert not Delivery.objects.exists()


def test_who_wants_no_advertising_may_still_be_written_to(client, alice, ann):
    state_consent(ann, "advertising", given=False)
    client.force_login(alice)

    assert _write(client, ann, kind="email", subject="x", text="x").status_code == 200


def test_a_consent_withdrawn_before_the_letter_goes_stops_it_and_the_timeline_says_so(client, alice, ann, smtp):
    client.force_login(alice)
    _write(client, ann, kind="email", subject="Hello", text="x")
    _withdrawn(ann)

    send_due()

    assert smtp.letters == []
    assert Delivery.objects.get().state == "suppressed"
    assert Event.objects.for_contact(ann).filter(kind="letter.failed").count() == 1


def test_a_refused_letter_stands_in_the_timeline(client, alice, ann, smtp):
    smtp.answer("ann@example.com", "550 5.7.1 Not from you")
    client.force_login(alice)
    _write(client, ann, kind="email", subject="Hello", text="x")

    send_due()
    outbox.run_due()

    assert Event.objects.for_contact(ann).get(kind="letter.failed").data["title"] == "Hello"
    assert "The letter Hello did not arrive" in client.get(ann.get_absolute_url()).content.decode()


def test_an_address_that_somebody_has_is_shown_first_and_added_at_the_second_press(client, alice, ann):
    ben = people.create_contact(by=alice, first_name="Ben", email="ben@example.com", phone="+49 30 55501192")
    client.force_login(alice)
    url = reverse("contacts:rows", args=["contact", ann.pk, "points"])

    first = client.post(url, {"kind": "phone", "value": "030 55501192"}, **HTMX)

    assert first.status_code == 422
    assert ben.get_absolute_url() in first.content.decode()
    assert not ann.points.filter(kind="phone").exists()
    client.post(url, {"kind": "phone", "value": "030 55501192", "anyway": "1"}, **HTMX)
    assert ann.points.get(kind="phone").norm == "+493055501192"


def test_an_address_of_somebody_invisible_gives_nothing_away(client, alice, mallory, ann):
    mine = people.create_contact(by=mallory, first_name="Max", email="max@example.com")
    client.force_login(mallory)

    answer = client.post(
        reverse("contacts:rows", args=["contact", mine.pk, "points"]),
        {"kind": "email", "value": "ann@example.com"},
        **HTMX,
    )

    assert answer.status_code == 200
    assert mine.points.filter(norm="ann@example.com").exists()


def test_a_wrong_address_is_said_beside_the_field(client, alice, ann):
    client.force_login(alice)

    answer = client.post(
        reverse("contacts:rows", args=["contact", ann.pk, "points"]), {"kind": "email", "value": "no"}, **HTMX
    )

    assert answer.status_code == 422
    assert "“no” is not an email address." in answer.content.decode()
    assert 'value="no"' in answer.content.decode()


def test_an_email_edited_in_place_that_somebody_has_is_shown_first(client, alice, ann):
    people.create_contact(by=alice, first_name="Ben", email="ben@example.com")
    client.force_login(alice)

    first = _edit(client, ann, "email", "ben@example.com", was="ann@example.com")

    ann.refresh_from_db()
    assert (first.status_code, ann.email) == (422, "ann@example.com")
    assert "Save all the same" in first.content.decode()
    _edit(client, ann, "email", "ben@example.com", was="ann@example.com", anyway="1")
    ann.refresh_from_db()
    assert ann.email == "ben@example.com"


def test_a_new_contact_begun_on_a_companys_page_has_that_company(client, alice, acme):
    client.force_login(alice)

    page = client.get(reverse("contacts:contact_new"), {"company": "Acme"}).content.decode()

    assert 'value="Acme"' in page


@pytest.mark.parametrize("most", [24])
def test_the_pages_ask_few_questions(client, alice, ann, acme, django_assert_max_num_queries, most):
    client.force_login(alice)
    client.get(ann.get_absolute_url())

    for record in (ann, acme):
        with django_assert_max_num_queries(most):
            assert client.get(record.get_absolute_url()).status_code == 200
