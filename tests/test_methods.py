"""Looking changes nothing, and whatever changes something asks for the form's token."""

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import get_resolver
from django.urls.resolvers import URLResolver

from tests.test_access import ROUTES, _address, _writes, world  # noqa: F401  a fixture

# A letter that is opened and a link that is followed are noted; both carry a signed token.
NOTED = {"letter_opened", "letter_clicked"}


def _ask(client, method, address):
    """(status, statements that write) of one request, undone afterwards."""
    with transaction.atomic():
        with CaptureQueriesContext(connection) as captured:
            status = getattr(client, method)(address).status_code
        transaction.set_rollback(True)
    return status, _writes(captured.captured_queries)


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["get", "delete"])
def test_a47_no_route_changes_anything_but_by_a_post(client, world, alice, method):  # noqa: F811
    alice.is_superuser = alice.is_staff = True
    alice.save()
    client.force_login(alice)
    client.raise_request_exception = False

    article = world["pk"]["tickets:article"]
    world["pk"] |= {"help:category": article.category, "help:article": article, "help:vote": article}

    told = {route: _ask(client, method, _address(route, parameters, world)) for route, parameters, _view in ROUTES}

    assert {route: writes for route, (_status, writes) in told.items() if writes and route not in NOTED} == {}
    broke = {route: status for route, (status, _writes) in told.items() if status >= 500}
    # Whether a worker and beat were seen lately is left by the tests before this one.
    assert broke in ({}, {"healthz": 503})


def _all_views(resolver=None):
    for pattern in (resolver or get_resolver()).url_patterns:
        if isinstance(pattern, URLResolver):
            yield from _all_views(pattern)
        else:
            yield pattern.callback


def test_a47_only_what_a_signed_link_of_a_letter_opens_needs_no_token():
    free = {f"{view.__module__}.{view.__name__}" for view in _all_views() if getattr(view, "csrf_exempt", False)}

    assert free == {
        "campaigns.views.public.unsubscribe",
        "contacts.views.preferences.show",
        "contacts.views.preferences.confirm",
    }


@pytest.mark.django_db
def test_a47_signing_in_asks_for_the_token_too(alice):
    answer = Client(enforce_csrf_checks=True).post("/accounts/login/", {"login": alice.email, "password": "x"})

    assert answer.status_code == 403


@pytest.mark.django_db
def test_a47_a_body_of_another_kind_is_no_way_around_the_token(alice):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(alice)

    answer = browser.post("/settings/theme/", '{"theme": "dark"}', content_type="text/plain")

    alice.refresh_from_db()
    assert (answer.status_code, alice.theme) == (403, "auto")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path", ["/admin/", "/api/", "/api/schema/", "/graphql/", "/openapi.json", "/__debug__/", "/dev/mail/"]
)
def test_a54_nothing_inner_is_open_to_strangers(client, alice, path):
    answer = client.get(path)

    assert answer.status_code in {302, 404}
    assert answer.status_code == 404 or answer.url.startswith(("/accounts/login/", "/admin/login/"))
