"""One filter in several shapes: board, calendar, numbers."""

import re
from datetime import UTC, datetime

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from contacts.models import Contact, Task
from crm.conditions.widgets import dump
from deals.models import Deal
from tests import factories
from tests.deals.conftest import make_deal, pipeline, stages  # noqa: F401

pytestmark = pytest.mark.django_db
ULM = "f=" + dump({"field": "city", "op": "is", "value": "Ulm"})


@pytest.fixture
def people(alice, mallory):
    """Five of Alice's and one that she does not see."""
    rows = [
        ("A", "lead", "Ulm"),
        ("B", "lead", "Ulm"),
        ("C", "customer", "Ulm"),
        ("D", "lead", "Bonn"),
        ("E", "lost", ""),
    ]
    found = {
        name: factories.contact("Ann", name, owner=alice, team=alice.team, stage=stage, city=city, tags=[stage, "all"])
        for name, stage, city in rows
    }
    factories.contact("Eve", "M", owner=mallory, team=mallory.team, stage="lead", city="Ulm")
    return found


def drawn(client, query, name="contacts:index"):
    return client.get(reverse(name) + "?" + query).context["drawn"]


def lanes(client, query, name="contacts:index"):
    found = drawn(client, query, name)["lanes"]
    return {lane.value: (lane.count, [str(card) for card in lane.cards]) for lane in found if lane.count}


def test_a_board_counts_the_whole_filter_and_only_what_one_sees(client, alice, people):
    client.force_login(alice)

    assert lanes(client, "shape=board&by=stage") == {
        "lead": (3, ["Ann A", "Ann B", "Ann D"]),
        "customer": (1, ["Ann C"]),
        "lost": (1, ["Ann E"]),
    }
    assert lanes(client, f"shape=board&by=stage&{ULM}&sort=-name") == {
        "lead": (2, ["Ann B", "Ann A"]),
        "customer": (1, ["Ann C"]),
    }


def test_a_lane_leads_to_its_rows_and_a_long_one_says_how_many_more(client, alice):
    for i in range(23):
        factories.contact("Ann", f"N{i:02}", owner=alice, team=alice.team, stage="lead")
    client.force_login(alice)

    lane = next(lane for lane in drawn(client, "shape=board&by=stage")["lanes"] if lane.value == "lead")
    table = client.get(lane.url).context

    assert (lane.count, len(lane.cards), lane.more) == (23, 20, 3)
    assert (table["count"], "drawn" in table) == (23, False)


def test_a_card_is_moved_by_writing_its_field(client, alice, carol, people):
    client.force_login(alice)
    page = client.get(reverse("contacts:index") + "?shape=board&by=stage").text
    move = reverse("list_cell", args=["contacts", people["A"].pk, "stage"])

    answer = client.post(move, {"stage": "customer", "was": "lead"}, headers={"HX-Request": "true"})

    assert f'data-move="{move}"' in page
    assert (answer.status_code, Contact.objects.get(pk=people["A"].pk).stage) == (200, "customer")
    client.force_login(carol)
    assert "data-movable" not in client.get(reverse("contacts:index") + "?shape=board&by=stage").text


def test_the_menu_of_a_card_names_every_other_lane_and_works_without_a_script(client, alice, carol, people):
    client.force_login(alice)
    here = reverse("contacts:index") + "?shape=board&by=stage"
    page = client.get(here).text
    card = page[page.index(f'data-card="{people["C"].pk}"') :].partition("</article>")[0]
    offered = re.findall(r'name="stage" value="(\w*)"', card)
    move = reverse("list_cell", args=["contacts", people["C"].pk, "stage"])

    answer = client.post(move, {"stage": "lead", "was": "customer", "next": here})
    elsewhere = client.post(move, {"stage": "lost", "was": "lead", "next": "https://evil.example/"})

    assert set(offered) == {value for value, _label in Contact.Stage.choices} - {"customer"}
    assert (answer["Location"], elsewhere["Location"]) == (here, reverse("contacts:index"))
    assert Contact.objects.get(pk=people["C"].pk).stage == "lost"
    client.force_login(carol)
    assert "data-lane-move" not in client.get(here).text


def test_deals_of_a_state_are_added_up_in_one_currency(client, alice, make_deal):  # noqa: F811
    for stage, base in [("New", 90), ("New", 10), ("Qualified", 7)]:
        Deal.objects.filter(pk=make_deal(stage=stage).pk).update(amount_base=base)
    client.force_login(alice)

    found = drawn(client, "shape=board&by=stage", "deals:table")["lanes"]

    assert {lane.label: lane.total for lane in found if lane.count} == {"Sales · New": 100, "Sales · Qualified": 7}


@time_machine.travel(datetime(2026, 11, 25, 12, tzinfo=UTC), tick=False)
def test_a_calendar_puts_each_row_on_its_day_in_the_readers_zone(client, alice):
    alice.time_zone = "Asia/Vladivostok"
    alice.save()
    for title, at in [("late", "2026-11-10T20:00+00:00"), ("early", "2026-11-10T02:00+00:00"), ("far", "2027-03-01T00:00+00:00")]:  # fmt: skip
        Task.objects.create(title=title, owner=alice, team=alice.team, due_at=at)
    client.force_login(alice)

    found = drawn(client, "shape=calendar&by=due", "contacts:tasks")
    days = {day["day"].isoformat(): [str(row) for row in day["rows"]] for week in found["weeks"] for day in week}
    day = next(day for week in found["weeks"] for day in week if day["day"].day == 11 and not day["out"])

    assert {day: rows for day, rows in days.items() if rows} == {"2026-11-10": ["early"], "2026-11-11": ["late"]}
    assert (found["first"].isoformat(), found["count"], len(found["weeks"])) == ("2026-11-01", 2, 6)
    assert [str(row) for row, _cells in client.get(day["url"]).context["rows"]] == ["late"]
    assert "month=2026-10" in found["before"]
    assert drawn(client, "shape=calendar&by=due&month=2027-03", "contacts:tasks")["count"] == 1


def test_a_full_day_names_four_and_counts_the_rest(client, alice):
    for i in range(7):
        Task.objects.create(title=f"T{i}", owner=alice, team=alice.team, due_at=datetime(2026, 5, 5, 9, i, tzinfo=UTC))
    client.force_login(alice)

    weeks = drawn(client, "shape=calendar&by=due&month=2026-05", "contacts:tasks")["weeks"]
    day = next(day for week in weeks for day in week if day["count"])

    assert ([str(row) for row in day["rows"]], day["more"]) == (["T0", "T1", "T2", "T3"], 3)


def test_numbers_lead_to_their_rows(client, alice, people):
    client.force_login(alice)

    bars = {bar["label"]: bar for bar in drawn(client, "shape=values&by=city")["bars"]}
    rows = {label: client.get(bar["url"]).context["count"] for label, bar in bars.items()}

    assert {label: (bar["n"], bar["share"]) for label, bar in bars.items()} == {
        "Ulm": (3, 60),
        "Bonn": (1, 20),
        "without: City": (1, 20),
    }
    assert rows == {"Ulm": 3, "Bonn": 1, "without: City": 1}


def test_a_row_with_several_values_counts_for_each(client, alice, people):
    client.force_login(alice)

    found = drawn(client, "shape=values&by=tags")
    bars = {bar["label"]: bar for bar in found["bars"]}

    assert ({label: bar["n"] for label, bar in bars.items()}, found["count"]) == (
        {"all": 5, "lead": 3, "customer": 1, "lost": 1},
        5,
    )
    assert client.get(bars["lead"]["url"]).context["count"] == 3


@pytest.mark.parametrize("by", ["stage", "owner", "company", "language", "source", "country", "job_title"])
def test_every_kind_of_field_is_counted(client, alice, people, by):
    client.force_login(alice)

    assert sum(bar["n"] for bar in drawn(client, f"shape=values&by={by}")["bars"]) == 5


@pytest.mark.parametrize(
    "query",
    [
        "shape=board&by=city",
        "shape=board",
        "shape=cloud&by=stage",
        "shape=values&by=name",
        "shape=values&by=owner__password",
        "shape=calendar&by=stage",
        "shape=calendar&by=created&month=2026-13",
        "shape=calendar&by=created&month=x",
        "shape=values&by=segment",
    ],
)
def test_what_has_no_such_shape_is_refused(client, alice, people, query):
    client.force_login(alice)

    assert client.get(reverse("contacts:index") + "?" + query).status_code == 400


@pytest.mark.parametrize("query", ["shape=board&by=stage", "shape=calendar&by=created", "shape=values&by=city"])
def test_a_shape_asks_as_little_for_many_rows_as_for_few(client, alice, people, query):
    client.force_login(alice)

    def asked():
        with CaptureQueriesContext(connection) as found:
            assert client.get(reverse("contacts:index") + "?" + query).status_code == 200
        return len(found)

    asked()
    few = asked()
    for i in range(40):
        company = factories.company(f"C{i}", owner=alice, team=alice.team)
        factories.contact("Ann", f"X{i}", owner=alice, team=alice.team, stage=["lead", "lost"][i % 2], company=company)

    assert asked() == few
    assert few <= 17


def test_the_menu_offers_what_fits_and_keeps_the_filter(client, alice, people):
    client.force_login(alice)

    shapes = client.get(reverse("contacts:index") + "?" + ULM).context["shapes"]
    labels = {str(label): url for label, _icon, url, _current in shapes}

    assert {"Table", "Board by Lifecycle stage", "Calendar by Birthday", "Numbers by City"} <= set(labels)
    assert "Numbers by Name" not in labels
    assert client.get(labels["Numbers by City"]).context["drawn"]["count"] == 3
