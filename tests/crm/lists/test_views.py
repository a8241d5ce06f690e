"""Saved views: who sees, opens, changes them."""

import pytest
from django.urls import reverse
from django.utils import timezone

from crm.conditions.widgets import dump
from crm.models import CustomField, SavedView
from tests import factories

pytestmark = pytest.mark.django_db
ULM = {"field": "city", "op": "is", "value": "Ulm"}


@pytest.fixture
def people(alice):
    for name, city in [("Abel", "Ulm"), ("Berg", "Bonn")]:
        factories.contact("Ann", name, owner=alice, team=alice.team, city=city)


def view_of(owner, name="Ulm", **fields):
    return SavedView.objects.create(list_name="contacts", name=name, owner=owner, team=owner.team, tree=ULM, **fields)


def change(client, view, act, **data):
    return client.post(reverse("list_view", args=["contacts", view.pk]) + f"?view={view.pk}", {"act": act} | data)


def tabs(client):
    return [str(tab["label"]) for tab in client.get(reverse("contacts:index")).context["tabs"]][4:]


def last_names(client, query=""):
    return [row.last_name for row, _cells in client.get(reverse("contacts:index") + query).context["rows"]]


def test_filter_order_and_columns_are_kept_under_a_name_and_open_as_a_tab(client, alice, people):
    client.force_login(alice)
    query = "?f=" + dump(ULM) + "&sort=-score&cols=city,owner"

    answer = client.post(reverse("list_views", args=["contacts"]) + query, {"name": "In Ulm", "scope": "private"})
    view = SavedView.objects.get()
    page = client.get(answer.url)

    assert answer.url == reverse("contacts:index") + f"?view={view.pk}"
    assert (view.tree, view.sort, view.columns, view.scope) == (
        {"all": [ULM]},
        "-score",
        ["name", "city", "owner"],
        "private",
    )
    assert [head["column"].name for head in page.context["heads"]] == ["name", "city", "owner"]
    assert [row.last_name for row, _cells in page.context["rows"]] == ["Abel"]
    assert tabs(client) == ["In Ulm"]
    assert not page.context["wish"].differs


@pytest.mark.parametrize(
    ("scope", "seen_by"),
    [("private", {"alice"}), ("team", {"alice", "bob"}), ("everyone", {"alice", "bob", "carol", "mallory"})],
)
def test_a_view_is_seen_by_those_it_is_for_and_hidden_from_the_rest(
    client, request, alice, bob, people, scope, seen_by
):
    view = view_of(alice, scope=scope)

    for name in ["alice", "bob", "carol", "mallory"]:
        client.force_login(request.getfixturevalue(name))
        assert tabs(client) == (["Ulm"] if name in seen_by else [])
        # A guessed number of a foreign view neither filters nor can be touched.
        assert change(client, view, "default").status_code == (302 if name in seen_by else 404)
        if name != "alice":
            assert change(client, view, "delete").status_code == (403 if name in seen_by else 404)
            assert last_names(client, f"?view={view.pk}&f=%7B%7D") == last_names(client, "?view=all")
    assert SavedView.objects.get() == view


def test_only_administrators_share_with_everyone(client, alice, admin, people):
    client.force_login(alice)
    url = reverse("list_views", args=["contacts"]) + "?f=" + dump(ULM)

    refused = client.post(url, {"name": "All", "scope": "everyone"})
    kept = SavedView.objects.count()
    mine = view_of(alice)
    raised = change(client, mine, "rename", name="All", scope="everyone")
    client.force_login(admin)
    client.post(url, {"name": "All", "scope": "everyone"})

    assert (refused.status_code, kept, raised.status_code) == (403, 0, 403)
    assert list(SavedView.objects.order_by("pk").values_list("name", "scope")) == [
        ("Ulm", "private"),
        ("All", "everyone"),
    ]


def test_others_open_a_shared_view_but_see_their_own_rows_and_do_not_change_it(client, alice, mallory, people):
    view = view_of(alice, scope="everyone")
    factories.contact("Mia", "Own", owner=mallory, team=mallory.team, city="Ulm")
    client.force_login(mallory)

    answers = [
        change(client, view, act, name="Mine", scope="private").status_code for act in ["save", "rename", "delete"]
    ]

    assert last_names(client, f"?view={view.pk}") == ["Own"]
    assert answers == [403, 403, 403]
    assert SavedView.objects.get().name == "Ulm"


def test_a_view_opens_the_list_until_it_no_longer_does(client, alice, people):
    view, other = view_of(alice), view_of(alice, "Other")
    client.force_login(alice)

    change(client, view, "default")
    opened = last_names(client)
    change(client, other, "default")
    only_one = list(SavedView.objects.filter(default_for=alice))
    change(client, other, "default")

    assert opened == ["Abel"]
    assert last_names(client, "?view=all") == ["Abel", "Berg"]
    assert only_one == [other]
    assert last_names(client) == ["Abel", "Berg"]


def test_renaming_saving_and_deleting(client, alice, people):
    view = view_of(alice)
    view_of(alice, "Taken")
    client.force_login(alice)

    change(client, view, "rename", name="Taken", scope="private")
    twice = SavedView.objects.get(pk=view.pk).name
    change(client, view, "rename", name="", scope="private")
    empty = SavedView.objects.get(pk=view.pk).name
    change(client, view, "rename", name="City", scope="team")
    client.post(
        reverse("list_view", args=["contacts", view.pk]) + f"?view={view.pk}&sort=-score&f=%7B%7D", {"act": "save"}
    )
    view.refresh_from_db()
    deleted = change(client, view, "delete")

    assert (twice, empty) == ("Ulm", "Ulm")
    assert (view.name, view.scope, view.sort) == ("City", "team", "-score")
    assert deleted.url == reverse("contacts:index")
    assert last_names(client, f"?view={view.pk}") == ["Abel", "Berg"]


def test_a_view_of_another_list_is_none_of_this_one(client, alice, people):
    view = SavedView.objects.create(list_name="companies", name="X", owner=alice)
    client.force_login(alice)

    assert change(client, view, "delete").status_code == 404
    assert SavedView.objects.filter(pk=view.pk).exists()


def test_a_view_that_asks_about_a_retired_field_shows_what_remains_and_says_so(client, alice, people):
    field = CustomField.objects.create(subject="contact", key="level", kind="text", label_en="Level")
    asked = {"all": [ULM, {"not": {"field": "cf_level", "op": "is", "value": "gold"}}]}
    view = SavedView.objects.create(
        list_name="contacts", name="Gold", owner=alice, tree=asked, sort="cf_level", shape="values", by="cf_level"
    )
    client.force_login(alice)
    before = client.get(reverse("contacts:index") + f"?view={view.pk}").context["wish"].gone
    CustomField.objects.filter(pk=field.pk).update(retired_at=timezone.now())

    page = client.get(reverse("contacts:index") + f"?view={view.pk}")

    assert before == 0
    assert page.status_code == 200
    assert [row.last_name for row, _cells in page.context["rows"]] == ["Abel"]
    assert "asks about something that is no longer there" in page.content.decode()
    assert client.get(reverse("contacts:index") + "?f=" + dump(asked)).status_code == 400
