"""The cache holds data only, and Redis may be away: pages work and the limits of sign-in hold."""

import pickle

import pytest
from django.core.cache import cache
from django.urls import reverse

from crm.cache import Cache
from crm.models import User
from tests import factories

PASSWORD = "seven-green-otters"


class Evil:
    def __reduce__(self):
        return (User.objects.all().delete, ())


@pytest.fixture
def without_redis(settings):
    """Every connection to Redis is refused."""
    settings.CACHES = {
        "default": settings.CACHES["default"] | {"LOCATION": "unix:///nowhere/redis.sock"},
    }
    cache.clear_own()
    yield
    cache.clear_own()
    Cache.away_until = 0


@pytest.mark.parametrize("value", [1, 0, -5, True, None, 1.5, "text", "Ёж", [1, "a"], {"a": [1.5, None]}])
def test_what_is_kept_comes_back(value):
    cache.set("test:kept", value, 60)

    assert cache.get("test:kept", "missing") == value
    assert type(cache.get("test:kept")) is type(value)


def test_numbers_count_and_expire():
    cache.delete("test:n")

    assert cache.add("test:n", 0, 60)
    assert not cache.add("test:n", 5, 60)
    assert [cache.incr("test:n"), cache.incr("test:n", 4)] == [1, 5]
    assert cache.get_many(["test:n", "test:none"]) == {"test:n": 5}


@pytest.mark.django_db
def test_a33_a_pickle_in_redis_is_never_opened(alice):
    cache._cache.get_client(write=True).set(cache.make_key("test:evil"), pickle.dumps(Evil()))

    assert cache.get("test:evil", "nothing") == "nothing"
    assert User.objects.filter(pk=alice.pk).exists()


@pytest.mark.django_db
def test_d6_without_redis_pages_open_and_records_are_saved(client, alice, workspace, without_redis):
    contact = factories.contact("Ann", "Lee", owner=alice, team=alice.team)
    client.force_login(alice)

    assert client.get("/").status_code == 200
    assert client.get(contact.get_absolute_url()).status_code == 200
    answer = client.post(
        reverse("contacts:contact_edit", args=[contact.pk]), {"first_name": "Anna", "last_name": "Lee"}
    )
    assert answer.status_code in {302, 422}
    health = client.get("/healthz").json()
    assert health["redis"] == {"ok": False}


@pytest.mark.django_db
def test_d6_without_redis_guessing_is_still_limited(client, without_redis):
    person = User.objects.create_user("ann@example.com", PASSWORD, name="Ann")
    for _n in range(12):
        client.post(reverse("account_login"), {"login": person.email, "password": "wrong-wrong-wrong"})

    client.post(reverse("account_login"), {"login": person.email, "password": PASSWORD})

    assert "_auth_user_id" not in client.session
