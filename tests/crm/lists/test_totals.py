"""The foot: functions that people choose, figures of the whole filter, currencies apart."""

import re
from decimal import Decimal

import pytest
from django.urls import reverse

from crm.conditions.widgets import dump
from deals.models import Product
from tests import factories
from tests.deals.conftest import make_deal, pipeline, stages  # noqa: F401

pytestmark = pytest.mark.django_db


@pytest.fixture
def people(alice, mallory):
    for name, score, city in [("A", 10, "Ulm"), ("B", 20, "Ulm"), ("C", 90, "Bonn")]:
        factories.contact("Ann", name, owner=alice, team=alice.team, score=score, city=city)
    factories.contact("Eve", "M", owner=mallory, team=mallory.team, score=70)


def figures(client, name, query=""):
    cells = client.get(reverse("list_foot", args=[name]) + query).context["cells"]
    return {cell["column"].name: (str(cell["says"]), str(cell["figure"])) for cell in cells if cell.get("figure")}


@pytest.mark.parametrize(
    ("function", "figure"),
    [("", ("avg", "40")), ("sum", ("sum", "120")), ("min", ("min", "10")), ("max", ("max", "90"))],
)
def test_another_function_is_of_the_same_values_and_of_ones_own_rows(client, alice, people, function, figure):
    client.force_login(alice)

    found = figures(client, "contacts", f"?tot=score.{function}" if function else "?cols=score")

    assert found["score"] == figure


def test_totals_follow_the_filter_and_stay_in_the_address(client, alice, people):
    client.force_login(alice)
    query = "?tot=score.max&f=" + dump({"field": "city", "op": "is", "value": "Ulm"})

    page = client.get(reverse("contacts:index") + query).context

    assert figures(client, "contacts", query)["score"] == ("max", "20")
    assert "tot=score.max" in page["foot_url"]
    assert all("tot=score.max" in head["url"] for head in page["heads"] if head["url"])


@pytest.mark.parametrize("wish", ["score.median", "name.sum", "owner__password.max", "score", "score.sum.sum"])
def test_a_total_that_there_is_not_is_refused(client, alice, people, wish):
    client.force_login(alice)

    assert client.get(reverse("list_foot", args=["contacts"]) + f"?tot={wish}").status_code == 400


def test_money_of_two_currencies_is_never_added_up(client, alice, make_deal):  # noqa: F811
    for amount, currency, rate in [("100", "EUR", "1"), ("300", "EUR", "1"), ("50", "USD", "0.9")]:
        deal = make_deal(amount=Decimal(amount))
        type(deal).objects.filter(pk=deal.pk).update(
            currency=currency, rate=Decimal(rate), amount_base=Decimal(amount) * Decimal(rate)
        )
    client.force_login(alice)

    foot = client.get(reverse("list_foot", args=["deals"])).context["cells"]
    amount = next(cell for cell in foot if cell["column"].name == "amount")

    assert str(amount["figure"]) == "€445"
    assert [str(part) for part in amount["parts"]] == ["€400", "$50"]


def test_prices_without_a_common_currency_stand_side_by_side(client, admin, workspace):
    for sku, price, currency in [("A", 10, "EUR"), ("B", 30, "EUR"), ("C", 7, "USD")]:
        Product.objects.create(name=sku, sku=sku, price=price, currency=currency, tax_rate=0)
    client.force_login(admin)

    plain = figures(client, "products")["price"]
    highest = figures(client, "products", "?tot=price.max")["price"]

    assert (plain, highest) == (("avg", "€20 · $7"), ("max", "€30 · $7"))


def test_the_choices_of_a_total_lead_to_the_same_list(client, alice, people):
    client.force_login(alice)

    foot = client.get(reverse("list_foot", args=["contacts"]) + "?sort=-score").text
    links = re.findall(r'class="menu-item" href="([^"]+)"', foot)

    assert reverse("contacts:index") + "?sort=-score&amp;tot=score.max" in links
