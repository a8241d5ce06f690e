"""Behind a proxy the client's own address counts, and what the client claims about it does not."""

import pytest
from django.urls import reverse

from crm.models import User

PASSWORD = "seven-green-otters"


@pytest.fixture
def person(db):
    return User.objects.create_user("ann@example.com", PASSWORD, name="Ann")


def seen_as(client, **extra):
    """The address that the session of a sign-in keeps."""
    from allauth.usersessions.models import UserSession

    form = {"login": "ann@example.com", "password": PASSWORD}
    assert client.post(reverse("account_login"), form, **extra).status_code == 302
    return UserSession.objects.latest("pk").ip


@pytest.mark.parametrize(
    ("named", "address"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("6.6.6.6, 203.0.113.9", "203.0.113.9"),
        ("2001:db8::1", "2001:db8::1"),
        ("nonsense", "127.0.0.1"),
        ("", "127.0.0.1"),
    ],
)
def test_the_last_address_that_the_proxy_named_is_the_client(client, person, settings, named, address):
    settings.BEHIND_PROXY = True

    assert seen_as(client, HTTP_X_FORWARDED_FOR=named, REMOTE_ADDR="127.0.0.1") == address


def test_a41_without_a_proxy_nobody_chooses_his_address(client, person):
    assert seen_as(client, HTTP_X_FORWARDED_FOR="6.6.6.6", REMOTE_ADDR="192.0.2.1") == "192.0.2.1"


def test_a41_one_guesser_behind_the_proxy_locks_out_nobody_else(client, person, settings):
    settings.BEHIND_PROXY = True
    for n in range(11):
        form = {"login": f"nobody{n}@example.com", "password": "wrong-wrong-wrong"}
        client.post(reverse("account_login"), form, HTTP_X_FORWARDED_FOR="198.51.100.66", REMOTE_ADDR="127.0.0.1")

    assert seen_as(client, HTTP_X_FORWARDED_FOR="203.0.113.10", REMOTE_ADDR="127.0.0.1") == "203.0.113.10"
