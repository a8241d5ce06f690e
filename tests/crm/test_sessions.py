"""Sessions end when they must, links end when they must, and nobody learns who has an account."""

import re
from datetime import timedelta

import pytest
from django.core import signing
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from contacts.services import people
from crm.models import User
from tickets.services import desk, surveys

PASSWORD, OTHER = "seven-green-otters", "nine-blue-herons-1"


@pytest.fixture
def person(db):
    return User.objects.create_user("ann@example.com", PASSWORD, name="Ann")


def signed_in(password=PASSWORD):
    browser = Client()
    browser.post(reverse("account_login"), {"login": "ann@example.com", "password": password})
    return browser


def is_in(browser):
    return browser.get("/").status_code == 200


def test_a38_a_new_password_ends_every_session(person):
    stolen, own = signed_in(), signed_in()
    assert is_in(stolen)
    assert is_in(own)

    own.post(reverse("account_change_password"), {"oldpassword": PASSWORD, "password1": OTHER, "password2": OTHER})

    assert (is_in(stolen), is_in(own)) == (False, False)
    assert is_in(signed_in(OTHER))


def test_a38_signing_in_changes_the_session_key(person):
    browser = Client()
    browser.get(reverse("account_login"))
    browser.cookies["sessionid"] = "planted-by-a-stranger-000000000000"
    browser.post(reverse("account_login"), {"login": person.email, "password": PASSWORD})

    assert is_in(browser)
    assert browser.cookies["sessionid"].value != "planted-by-a-stranger-000000000000"


def test_a7_a_right_taken_away_counts_at_the_next_look(client, alice):
    contact = people.create_contact(by=alice, first_name="Ann", email="ann@example.com")
    client.force_login(alice)
    assert client.get(contact.get_absolute_url()).status_code == 200

    alice.roles.clear()

    assert client.get(contact.get_absolute_url()).status_code in {403, 404}


def _asked(client, address, **extra):
    return client.post(reverse("account_reset_password"), {"email": address}, **extra)


def test_a35_a_link_for_a_new_password_works_once(client, person, mailoutbox, workspace):
    _asked(client, person.email)
    link = re.search(r"https?://[^/\s]+(/accounts/password/reset/key/\S+)", mailoutbox[0].body).group(1)
    form = client.get(link, follow=True)
    client.post(form.redirect_chain[-1][0], {"password1": OTHER, "password2": OTHER})
    assert is_in(signed_in(OTHER))

    again = Client().get(link, follow=True)

    assert 'name="password1"' not in again.content.decode()


def test_a48_the_link_for_a_new_password_names_our_host(client, person, mailoutbox, workspace):
    _asked(client, person.email, headers={"x-forwarded-host": "evil.example"})

    assert "http://testserver/" in mailoutbox[0].body
    assert "evil.example" not in mailoutbox[0].body


def test_a39_p1_a_known_and_an_unknown_address_get_the_same_answers_and_three_letters_an_hour(
    client, workspace, mailoutbox, person
):
    User.objects.filter(pk=person.pk).update(email="known-p1@example.com")
    answers = {
        address: [_asked(client, address).status_code for _n in range(5)]
        for address in ("known-p1@example.com", "unknown-p1@example.com")
    }

    assert set(map(tuple, answers.values())) == {(302, 302, 302, 429, 429)}
    assert [letter.to[0] for letter in mailoutbox] == ["known-p1@example.com"] * 3 + ["unknown-p1@example.com"] * 3


@pytest.mark.parametrize(("age", "status"), [(surveys.VALID, 200), (surveys.VALID + 1, 404)])
def test_a35_a_rating_link_ends_to_the_second(client, alice, workspace, time_machine, age, status):
    now = timezone.now().replace(microsecond=0)
    time_machine.move_to(now, tick=False)
    ann = people.create_contact(by=alice, first_name="Ann", email="ann@example.com")
    ticket = desk.open_ticket(subject="Zero", requester=ann, owner=alice, by=alice)
    link = reverse("help:rating", args=[signing.dumps([ticket.pk, 0], salt=surveys.SALT)])
    other = reverse("help:rating", args=[signing.dumps([ticket.pk, 0], salt="another")])

    time_machine.move_to(now + timedelta(seconds=age), tick=False)

    assert client.get(link).status_code == status
    assert client.get(other).status_code == 404


def test_an_expired_session_leads_back_to_the_page_and_not_to_the_form_it_sent(client, person):
    answer = client.post("/tickets/1/replies/", {"text": "x"}, headers={"referer": "http://testserver/tickets/1/?a=1"})
    away = client.post("/tickets/1/replies/", {"text": "x"}, headers={"referer": "https://evil.example/x"})

    assert answer.url == "/accounts/login/?next=%2Ftickets%2F1%2F%3Fa%3D1"
    assert away.url == "/accounts/login/?next=%2Fx"
