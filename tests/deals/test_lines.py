"""Lines of a deal: who may change them, and what the stream keeps of it."""

from decimal import Decimal

import pytest
from django.urls import reverse

from crm.models import Event
from deals.models import DealLine
from deals.services import lines


@pytest.fixture
def line(deal, alice):
    row = lines.add_free(deal, "Pump", by=alice)
    DealLine.objects.filter(pk=row.pk).update(price=100)
    return DealLine.objects.get(pk=row.pk)


def _data(line, **changes):
    return {"name": line.name, "qty": "1", "unit": "pcs", "price": "100", "discount": "0", "tax_rate": "0"} | changes


def _state(line):
    return DealLine.objects.values("name", "price", "qty").filter(pk=line.pk).first()


def _amounts(deal):
    rows = Event.objects.about(deal).filter(kind="deal.amount_changed")
    return [(row.data["before"], row.data["after"]) for row in rows]


@pytest.mark.parametrize("act", ["update", "delete"])
@pytest.mark.parametrize(("who", "status"), [("carol", 403), ("mallory", 404)])
def test_a_guessed_line_is_not_changed_by_others(request, client, deal, line, act, who, status):
    client.force_login(request.getfixturevalue(who))
    before = _state(line)

    answer = client.post(reverse(f"deals:line_{act}", args=[deal.pk, line.pk]), _data(line, price="1"))

    assert answer.status_code == status
    assert _state(line) == before


@pytest.mark.parametrize("act", ["update", "delete"])
def test_a_line_of_another_deal_is_not_reached_through_ones_own(client, deal, line, make_deal, mallory, act):
    own = make_deal("Hers", owner=mallory)
    client.force_login(mallory)
    before = _state(line)

    answer = client.post(reverse(f"deals:line_{act}", args=[own.pk, line.pk]), _data(line, price="1"))

    assert answer.status_code == 404
    assert _state(line) == before


@pytest.mark.parametrize("act", ["update", "delete"])
def test_lines_of_a_closed_deal_stay(client, deal, line, alice, reason, act):
    deal.lose(reason, by=alice)
    client.force_login(alice)

    assert client.post(reverse(f"deals:line_{act}", args=[deal.pk, line.pk]), _data(line, price="1")).status_code == 403
    assert _state(line)["price"] == Decimal("100.00")


def _price(deal, line, price, by):
    line.price = Decimal(price)
    lines.change_line(deal, line, by=by)


def test_a_run_of_changes_is_one_line_in_the_stream(deal, line, alice):
    for price in (100, 250, 300):
        _price(deal, line, price, alice)

    assert _amounts(deal)[0][1] == "300.00"
    assert len(_amounts(deal)) == 1


def test_a_change_that_is_taken_back_leaves_nothing(make_deal, alice, time_machine):
    time_machine.move_to("2026-12-02 09:00:00+00:00", tick=False)
    deal = make_deal(amount=Decimal("100.00"))
    line = lines.add_free(deal, "Pump", by=alice)
    _price(deal, line, 100, alice)

    assert _amounts(deal) == []
    assert deal.amount == Decimal("100.00")


def test_another_person_another_hour_and_another_event_begin_a_line_of_their_own(
    deal, line, alice, bob, stages, time_machine
):
    time_machine.move_to("2026-12-02 09:00:00+00:00", tick=False)
    _price(deal, line, 100, alice)
    time_machine.move_to("2026-12-02 09:01:00+00:00", tick=False)
    _price(deal, line, 200, bob)
    time_machine.move_to("2026-12-02 10:00:00+00:00", tick=False)
    _price(deal, line, 300, bob)
    time_machine.move_to("2026-12-02 10:01:00+00:00", tick=False)
    deal.move_to(stages["Qualified"], by=bob)
    time_machine.move_to("2026-12-02 10:02:00+00:00", tick=False)
    _price(deal, line, 400, bob)

    assert [after for _before, after in _amounts(deal)][:4] == ["400.00", "300.00", "200.00", "100.00"]
