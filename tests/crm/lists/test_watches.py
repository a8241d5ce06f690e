"""A filter as feed, alert, segment and saved shape."""

import csv
import io

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from contacts.models import Contact
from crm import access
from crm.conditions.widgets import dump
from crm.lists import alerts
from crm.models import Alert, Feed, Notification, SavedView
from tests import factories

pytestmark = pytest.mark.django_db
ULM = dump({"field": "city", "op": "is", "value": "Ulm"})
MINUTE = timezone.timedelta(minutes=2)


@pytest.fixture
def people(alice, mallory):
    for name, city in [("A", "Ulm"), ("B", "Ulm"), ("C", "Bonn")]:
        factories.contact("Ann", name, owner=alice, team=alice.team, city=city)
    factories.contact("Eve", "M", owner=mallory, team=mallory.team, city="Ulm")


def make(client, what, query=f"?cols=city&f={ULM}", name="Of Ulm"):
    return client.post(reverse("list_watches", args=["contacts"]) + query, {"what": what, "name": name})


def read(client, feed, form="csv"):
    client.logout()
    return client.get(feed.path(form))


# Feeds


def test_a_feed_gives_the_rows_of_its_maker_in_three_forms(client, alice, people):
    client.force_login(alice)
    assert make(client, "feed").status_code == 302
    feed = Feed.objects.get()

    rows = list(csv.reader(io.StringIO(read(client, feed).text)))
    found = read(client, feed, "json").json()
    atom = read(client, feed, "atom")

    assert rows == [["Name", "City"], ["Ann B", "Ulm"], ["Ann A", "Ulm"]]
    assert [row["name"] for row in found["rows"]] == ["Ann B", "Ann A"]
    assert found["rows"][0]["url"].startswith("http://testserver/contacts/")
    assert atom["Content-Type"].startswith("application/atom+xml")
    assert "<title>Ann B</title>" in atom.text
    assert "Eve" not in atom.text
    assert (atom["Cache-Control"], atom["X-Robots-Tag"]) == ("private, no-store", "noindex")


def test_a_feed_follows_the_rights_of_its_maker(client, alice, people):
    client.force_login(alice)
    make(client, "feed")
    feed = Feed.objects.get()
    Contact.objects.filter(last_name="B").update(owner=None, team=None)
    fewer = read(client, feed).text
    alice.roles.all().update(grants={"contact": {"view": access.OWN, "export": access.NONE}})
    none = read(client, feed)
    alice.is_active = False
    alice.save()
    gone = read(client, feed)

    assert ("Ann A" in fewer, "Ann B" in fewer) == (True, False)
    assert (none.status_code, gone.status_code) == (403, 404)
    assert "Ann A" not in none.text


def test_a_revoked_or_guessed_address_opens_nothing(client, alice, people):
    client.force_login(alice)
    make(client, "feed")
    feed = Feed.objects.get()
    path = feed.path("csv")
    key, mark = feed.token.split(".")
    guesses = [f"{key}.{'0' * 20}", f"{int(key) + 1}.{mark}", f"{key}.", f"{key}", "x.y", f"{'9' * 40}.{mark}"]
    client.post(reverse("feed_revoke", args=[feed.pk]))
    client.logout()

    assert client.get(path).status_code == 404
    Feed.objects.update(revoked_at=None)
    assert client.get(path).status_code == 200
    assert [client.get(f"/feeds/{guess}.csv").status_code for guess in guesses] == [404] * 6
    assert client.get(path.replace(".csv", ".pickle")).status_code == 404


def test_no_cell_of_a_feed_is_a_formula(client, alice):
    factories.contact("=HYPERLINK(1)", "", owner=alice, team=alice.team, city="@x")
    client.force_login(alice)
    make(client, "feed", "?cols=city")

    assert list(csv.reader(io.StringIO(read(client, Feed.objects.get()).text)))[1] == ["'=HYPERLINK(1)", "'@x"]


def test_who_may_not_export_makes_no_feed(client, carol, people):
    client.force_login(carol)

    answer = make(client, "feed")

    assert (answer.status_code, Feed.objects.count()) == (422, 0)


# Alerts


def later(minutes):
    return time_machine.travel(timezone.now() + minutes * MINUTE, tick=False)


def told(user):
    return list(Notification.objects.filter(user=user, kind="list.alert").order_by("pk").values_list("text", flat=True))


def test_an_alert_tells_of_each_record_that_enters_once(client, alice, mallory, people):
    client.force_login(alice)
    make(client, "alert")

    with later(1):
        alerts.sweep()
        assert told(alice) == []
    Contact.objects.filter(last_name="C").update(city="Ulm")
    factories.contact("Eve", "N", owner=mallory, team=mallory.team, city="Ulm")
    with later(2):
        alerts.sweep()
        alerts.check(Alert.objects.get().pk)
    with later(3):
        alerts.sweep()

    assert told(alice) == ["Of Ulm: Ann C"]
    assert Notification.objects.get().url == Contact.objects.get(last_name="C").get_absolute_url()


def test_who_leaves_and_comes_back_has_entered_again(client, alice, people):
    client.force_login(alice)
    make(client, "alert")
    for step, city in enumerate(["Bonn", "Ulm"], 1):
        Contact.objects.filter(last_name="A").update(city=city)
        with later(step):
            alerts.sweep()

    assert told(alice) == ["Of Ulm: Ann A"]


def test_many_at_once_are_one_notice(client, alice, people):
    client.force_login(alice)
    make(client, "alert")
    for i in range(7):
        factories.contact("New", f"{i}", owner=alice, team=alice.team, city="Ulm")
    with later(1):
        alerts.sweep()

    assert told(alice) == ["7 new in “Of Ulm”"]
    assert client.get(Notification.objects.get().url).context["count"] == 9


def test_a_sweep_that_dies_has_told_nobody_and_the_next_one_does(client, alice, people, monkeypatch):
    client.force_login(alice)
    make(client, "alert")
    Contact.objects.filter(last_name="C").update(city="Ulm")
    real = alerts._tell

    def die(*args):
        real(*args)
        raise SystemExit

    monkeypatch.setattr(alerts, "_tell", die)
    with later(1), pytest.raises(SystemExit):
        alerts.sweep()
    assert (told(alice), Alert.objects.get().rows.count()) == ([], 2)
    monkeypatch.setattr(alerts, "_tell", real)
    with later(2):
        alerts.sweep()

    assert told(alice) == ["Of Ulm: Ann C"]


def test_an_alert_of_what_one_may_no_longer_ask_says_so_and_tells_nothing(client, alice, people):
    client.force_login(alice)
    make(client, "alert")
    alice.roles.all().update(grants={})
    Contact.objects.filter(last_name="C").update(city="Ulm")
    with later(1):
        alerts.sweep()

    assert (Alert.objects.get().error, told(alice)) == ("refused", [])


def test_a_filter_of_too_many_makes_no_alert_and_keeps_what_was_typed(client, alice, people, monkeypatch):
    monkeypatch.setattr(alerts, "INSIDE", 1)
    client.force_login(alice)

    answer = make(client, "alert", name="Everybody")

    assert (answer.status_code, Alert.objects.count()) == (422, 0)
    assert 'value="Everybody"' in answer.text


def test_ones_own_are_listed_and_only_ones_own_are_taken_away(client, alice, bob, people):
    client.force_login(alice)
    make(client, "alert", name="Mine")
    make(client, "feed", name="Open")
    client.force_login(bob)

    page = client.get(reverse("watches")).text
    answers = [
        client.post(reverse("alert_delete", args=[Alert.objects.get().pk])).status_code,
        client.post(reverse("feed_revoke", args=[Feed.objects.get().pk])).status_code,
    ]

    assert ("Mine" in page, "Open" in page) == (False, False)
    assert (answers, Feed.objects.get().revoked_at) == ([404, 404], None)
    client.force_login(alice)
    assert Feed.objects.get().path("json") in client.get(reverse("watches")).text


# Segments and saved shapes


def test_a_filter_of_people_becomes_a_segment_for_those_who_may(client, admin, alice, people):
    client.force_login(admin)
    uses = {
        str(label): url for label, _icon, url in client.get(reverse("contacts:index") + "?f=" + ULM).context["uses"]
    }

    page = client.get(uses["Segment"])

    assert str(page.context["sentence"]) == "People in Ulm."
    alice.roles.all().update(grants={"contact": {"view": access.OWN}})
    client.force_login(alice)
    uses = client.get(reverse("contacts:index") + "?f=" + ULM).context["uses"]
    assert [str(label) for label, _icon, _url in uses] == ["Alert or feed"]


def test_a_view_keeps_its_shape_and_opens_with_it(client, alice, people):
    client.force_login(alice)
    query = f"?shape=values&by=city&f={ULM}"
    assert client.get(reverse("contacts:index") + query).context["wish"].differs

    answer = client.post(reverse("list_views", args=["contacts"]) + query, {"name": "Cities"})
    opened = client.get(answer.url).context
    bar = opened["drawn"]["bars"][0]
    table = client.get(next(url for label, _i, url, _c in opened["shapes"] if label == "Table")).context

    view = SavedView.objects.get()
    assert (view.shape, view.by, opened["wish"].differs) == ("values", "city", False)
    assert (bar["label"], bar["n"]) == ("Ulm", 2)
    assert ("drawn" in table, table["count"]) == (False, 2)
    assert "drawn" not in client.get(bar["url"]).context
