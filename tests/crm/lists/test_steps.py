"""From record to record in the order of the list."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from crm import custom
from crm.conditions.widgets import dump
from crm.kept import keeping
from crm.lists.page import page_named
from crm.lists.steps import neighbour
from crm.models import SavedView
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def people(alice):
    """Four of Alice's by name, with scores that tie."""
    made = {}
    for name, score, city in [("Abel", 5, "Ulm"), ("Berg", 9, "Ulm"), ("Carl", 5, "Bonn"), ("Dorn", 7, "Ulm")]:
        made[name] = factories.contact("Ann", name, owner=alice, team=alice.team, score=score, city=city)
    return made


def walk(client, start, query, way="list_next"):
    """Last names passed from `start` to the end of the list."""
    seen, url = [], reverse(way, args=["contacts", start.pk]) + query
    while len(seen) < 9:
        answer = client.get(url)
        assert answer.status_code == 302
        if answer.url.startswith(reverse("contacts:index") + "?") or answer.url == reverse("contacts:index"):
            return seen
        contact_page = client.get(answer.url)
        seen.append(contact_page.context["contact"].last_name)
        url = reverse(way, args=["contacts", contact_page.context["contact"].pk]) + "?" + answer.url.partition("?")[2]
    raise AssertionError(seen)


@pytest.mark.parametrize(
    ("query", "start", "way", "names"),
    [
        ("?in=contacts", "Abel", "list_next", ["Berg", "Carl", "Dorn"]),
        ("?in=contacts", "Dorn", "list_previous", ["Carl", "Berg", "Abel"]),
        ("?in=contacts&sort=-score", "Berg", "list_next", ["Dorn", "Carl", "Abel"]),
        ("?in=contacts&sort=score", "Abel", "list_next", ["Carl", "Dorn", "Berg"]),
        ("?in=contacts&sort=touch", "Abel", "list_next", ["Berg", "Carl", "Dorn"]),
        ("?in=contacts&q=ber", "Abel", "list_next", ["Berg"]),
        ("?in=contacts&view=mine", "Carl", "list_next", ["Dorn"]),
    ],
)
def test_the_way_follows_filter_and_order(client, alice, people, query, start, way, names):
    client.force_login(alice)

    assert walk(client, people[start], query, way) == names


def test_a_row_outside_the_filter_still_has_its_place(client, alice, people):
    client.force_login(alice)
    query = "?in=contacts&f=" + dump({"field": "city", "op": "is", "value": "Ulm"})

    assert walk(client, people["Carl"], query) == ["Dorn"]
    assert walk(client, people["Carl"], query, "list_previous") == ["Berg", "Abel"]


def test_rows_out_of_sight_are_stepped_over(client, alice, bob, people, mallory):
    factories.contact("Ann", "Aaron", owner=mallory, team=mallory.team)
    factories.contact("Ann", "Berger", owner=mallory, team=mallory.team)
    client.force_login(alice)

    assert walk(client, people["Abel"], "?in=contacts") == ["Berg", "Carl", "Dorn"]


def test_the_list_links_rows_with_its_filter_and_the_page_shows_both_ways(client, alice, people):
    view = SavedView.objects.create(
        list_name="contacts", name="Ulm", owner=alice, tree={"field": "city", "op": "is", "value": "Ulm"}, sort="-score"
    )
    client.force_login(alice)

    rows = client.get(reverse("contacts:index") + f"?view={view.pk}").context["rows"]
    page = client.get(rows[0][0].get_absolute_url() + rows[0][0].in_list)
    following = client.get(reverse("list_next", args=["contacts", rows[0][0].pk]) + rows[0][0].in_list)

    assert [row.last_name for row, _cells in rows] == ["Berg", "Dorn", "Abel"]
    assert 'data-step="j"' in page.text
    assert 'data-step="k"' in page.text
    assert following.url.startswith(people["Dorn"].get_absolute_url())


def test_a_page_opened_by_itself_has_no_way_on(client, alice, people):
    client.force_login(alice)

    plain = client.get(people["Abel"].get_absolute_url()).text
    foreign = client.get(people["Abel"].get_absolute_url() + "?in=deals").text

    assert "data-step" not in plain
    assert "data-step" not in foreign


def test_strangers_learn_nothing_from_the_way(client, mallory, people):
    client.force_login(mallory)

    assert client.get(reverse("list_next", args=["contacts", people["Abel"].pk]) + "?in=contacts").status_code == 404


def test_a_step_reads_its_neighbour_by_key(alice, people, django_assert_num_queries):
    page, params = page_named("contacts"), {"in": "contacts", "sort": "-score"}
    # Her rights are read once for a request.
    alice.level("contact", "view")
    alice.opened_ids("contacts.contact", "view")

    with keeping():
        custom.all_fields("contact")  # read once a request
        with django_assert_num_queries(1):
            assert neighbour(page, alice, params, people["Berg"], forward=True) == people["Dorn"]


def test_a_record_page_costs_no_query_more_for_its_place_in_the_list(client, alice, people):
    client.force_login(alice)
    url = people["Abel"].get_absolute_url()
    client.get(url)

    with CaptureQueriesContext(connection) as plain:
        client.get(url)
    with CaptureQueriesContext(connection) as with_place:
        client.get(url + "?in=contacts&sort=-score")

    assert len(with_place) == len(plain)


def test_the_way_back_leads_to_the_same_page_filter_and_columns(client, alice, people, monkeypatch):
    monkeypatch.setattr(type(page_named("contacts")), "page_size", 1)
    client.force_login(alice)
    query = "?sort=-score&cols=city,score&f=" + dump({"field": "city", "op": "is", "value": "Ulm"})
    first = client.get(reverse("contacts:index") + query).context
    second = client.get(reverse("contacts:index") + query + "&after=" + first["place"].after).context

    row = second["rows"][0][0]
    record = client.get(row.get_absolute_url() + row.in_list)
    back = re.search(r'href="(/contacts/\?[^"]+)"', record.text)[1].replace("&amp;", "&")
    again = client.get(back).context

    assert [r.last_name for r, _cells in again["rows"]] == [row.last_name] == ["Dorn"]
    assert [c.name for c in again["wish"].columns] == ["name", "city", "score"]
    assert [item["token"].text for item in again["bar"]] == ["city is Ulm"]


def test_a_record_opened_by_itself_leads_to_the_whole_list(client, alice, people):
    client.force_login(alice)

    assert 'href="/contacts/"' in client.get(people["Abel"].get_absolute_url()).text
