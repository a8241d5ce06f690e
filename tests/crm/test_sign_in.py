"""Signing in: by invitation only, nothing told to strangers, back to where one was."""

import pytest
from django.urls import reverse

from crm.models import User

PASSWORD = "seven-green-otters"


@pytest.fixture
def person(db):
    return User.objects.create_user("ann@example.com", PASSWORD, name="Ann")


def test_a_stranger_is_sent_to_the_sign_in_page_and_back(client, person):
    first = client.get("/jobs/")
    assert first.status_code == 302
    assert first.url == "/accounts/login/?next=/jobs/"

    answer = client.post(first.url, {"login": "ANN@example.com", "password": PASSWORD, "next": "/jobs/"})

    assert answer.status_code == 302
    assert answer.url == "/jobs/"


def test_an_expired_session_sends_the_whole_page_to_sign_in(client, person):
    answer = client.get(
        "/jobs/1/progress/",
        headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/jobs/1/?a=1"},
    )

    assert answer.status_code == 200
    assert answer.headers["HX-Redirect"] == "/accounts/login/?next=%2Fjobs%2F1%2F%3Fa%3D1"


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"]
)
def test_sign_in_never_leads_to_another_host(client, person, target):
    answer = client.post(reverse("account_login"), {"login": person.email, "password": PASSWORD, "next": target})

    assert answer.status_code == 302
    assert answer.url == "/"


def test_a_wrong_password_and_an_unknown_person_look_alike(client, person):
    known = client.post(reverse("account_login"), {"login": person.email, "password": "wrong-wrong-wrong"})
    unknown = client.post(reverse("account_login"), {"login": "nobody@example.com", "password": "wrong-wrong-wrong"})

    assert known.context["form"].non_field_errors() == unknown.context["form"].non_field_errors()
    assert "_auth_user_id" not in client.session


def test_a_person_who_was_switched_off_cannot_sign_in_and_is_signed_out(client, person):
    client.force_login(person)
    person.is_active = False
    person.save()

    assert client.get("/").url == "/accounts/login/?next=/"
    client.post(reverse("account_login"), {"login": person.email, "password": PASSWORD})
    assert client.get("/").url == "/accounts/login/?next=/"


def test_nobody_can_sign_up(client, db):
    answer = client.post(
        reverse("account_signup"), {"email": "new@example.com", "password1": PASSWORD, "password2": PASSWORD}
    )

    assert answer.status_code == 200
    assert not User.objects.filter(email="new@example.com").exists()


def test_asking_for_a_new_password_does_not_tell_who_has_an_account(client, person, smtp):
    known = client.post(reverse("account_reset_password"), {"email": person.email})
    unknown = client.post(reverse("account_reset_password"), {"email": "nobody@example.com"})

    assert (known.status_code, known.url) == (unknown.status_code, unknown.url)


def test_pages_speak_the_language_and_the_clock_of_the_person(client, person):
    client.force_login(person)
    assert "Jobs" in client.get("/jobs/").content.decode()
    person.language, person.time_zone = "ru", "Asia/Tokyo"
    person.save()

    page = client.get("/jobs/")

    assert '<html lang="ru"' in page.content.decode()
    assert page.headers["Content-Language"] == "ru"


def test_a_zone_that_does_not_exist_breaks_no_page(client, person):
    User.objects.filter(pk=person.pk).update(time_zone="Mars/Olympus")
    client.force_login(person)

    assert client.get("/").status_code == 200


def test_administration_asks_for_the_same_sign_in(client, alice, admin):
    assert client.get("/admin/", follow=True).redirect_chain[-1][0].startswith("/accounts/login/")
    client.force_login(alice)
    assert client.get("/admin/crm/user/").status_code in {302, 403}
    client.force_login(admin)
    assert client.get("/admin/crm/user/").status_code == 200


def test_one_can_sign_out_everywhere_else(client, person):
    from django.test import Client

    other = Client()
    for browser in (other, client):
        browser.post(reverse("account_login"), {"login": person.email, "password": PASSWORD})
    assert other.get("/").status_code == 200

    client.post(reverse("usersessions_list"))

    assert other.get("/").status_code == 302
    assert client.get("/").status_code == 200
