"""What stands in an address never becomes a statement, and never a statement of any length."""

import pytest
from django.db import connection
from django.urls import reverse

from tests.test_access import PUBLIC, ROUTES, _address, world  # noqa: F401  a fixture

pytestmark = pytest.mark.django_db

MARK = "zz1'\"`)--;zz2"
# Everything that a page of ours reads out of its address.
NAMES = ["q", "f", "sort", "view", "after", "before", "cursor", "columns", "shape", "by", "group", "offset", "page", "state",
         "from", "to", "period", "pipeline", "owner", "format", "field", "key", "month", "day", "next", "back", "sum", "ids", "all"]  # fmt: skip
READ = [route for route in ROUTES if route[0] not in PUBLIC]


class Statements:
    """Keeps the text of every statement as it goes to the driver, apart from its values."""

    def __init__(self):
        self.texts, self.longest = [], 0

    def __call__(self, execute, sql, params, many, context):
        self.texts.append(str(sql))
        for value in (params.values() if isinstance(params, dict) else params) or ():
            self.longest = max(self.longest, len(value) if isinstance(value, str) else 0)
        return execute(sql, params, many, context)


@pytest.mark.parametrize("value", [MARK, "99999999999999999999"])
def test_a29_no_parameter_of_an_address_reaches_the_text_of_a_statement(client, world, alice, value):  # noqa: F811
    alice.is_superuser = alice.is_staff = True
    alice.save()
    client.force_login(alice)
    client.raise_request_exception = False
    broke, reached = {}, []
    for route, parameters, _view in READ:
        said = Statements()
        with connection.execute_wrapper(said):
            answer = client.get(_address(route, parameters, world), dict.fromkeys(NAMES, value))
        if answer.status_code >= 500:
            broke[route] = answer.status_code
        reached += [(route, text[:200]) for text in said.texts if "zz1" in text or "zz2" in text]

    assert (broke, reached) == ({}, [])


@pytest.mark.parametrize("address", ["/contacts/?q=%00", "/contacts/?f=a%00b", "/search/?q=%00", "/palette/?q=a%00"])
def test_a_nul_in_an_address_is_refused_as_a_whole(client, alice, workspace, address):
    client.force_login(alice)

    assert client.get(address).status_code == 400


@pytest.mark.parametrize("value", ["%" * 5000, "_%" * 3000, "a" * 100_000, "7" * 50_000, "a@" * 20_000])
@pytest.mark.parametrize("route", ["search", "palette", "contacts:index", "deals:table", "tickets:index"])
def test_a51_a_search_looks_for_no_more_than_people_type(client, world, alice, route, value):  # noqa: F811
    client.force_login(alice)
    said = Statements()
    with connection.execute_wrapper(said):
        answer = client.get(reverse(route), {"q": value})

    assert answer.status_code in {200, 400}
    assert said.longest <= 1000


def test_a51_an_address_of_a_megabyte_is_refused_at_the_form(client, alice, workspace):
    client.force_login(alice)

    answer = client.post(
        reverse("contacts:contact_create"), {"first_name": "Ann", "email": "a" * 1_000_000 + "@example.com"}
    )

    assert answer.status_code == 422
