"""Stages, stays, gates, closing."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction

from crm.models import Event
from deals.models import Deal, Order, PurchaseFacts, StageGate, StageStay

# Golden case 6 of the analytics anchors: ways of ten deals; W won, L lost.
WAYS = ["NQPW", "NPW", "NQPQPL", "NQP", "NQL", "NQ", "NQ", "NL", "NL", "N"]
NAMES = {"N": "New", "Q": "Qualified", "P": "Proposal", "W": "Won", "L": "Lost"}
GIVEN = {"amount": Decimal(100), "close_on": date(2026, 12, 1)}


def _walk(deal, way, stages, reason, by):
    for letter in way[1:]:
        filling = {**GIVEN, "loss_reason": reason} if letter == "L" else GIVEN
        deal.move_to(stages[NAMES[letter]], by=by, filling=filling)


def test_ten_deals_leave_the_stays_of_golden_case_6(make_deal, stages, reason, alice):
    for number, way in enumerate(WAYS):
        _walk(make_deal(f"d{number}"), way, stages, reason, alice)

    reached = {name: StageStay.objects.filter(stage=stages[name]).values("deal").distinct().count() for name in stages}
    standing = {name: Deal.objects.filter(stage=stages[name]).count() for name in stages}
    assert reached == {"New": 10, "Qualified": 6, "Proposal": 4, "Won": 2, "Lost": 4}
    assert standing == {"New": 1, "Qualified": 2, "Proposal": 1, "Won": 2, "Lost": 4}
    assert Deal.objects.open().count() == 4
    assert StageStay.objects.filter(left_at=None).count() == 10
    assert StageStay.objects.count() == sum(map(len, WAYS))


def test_a_stay_counts_its_seconds(make_deal, stages, alice):
    with time_machine.travel(datetime(2026, 3, 2, 10, tzinfo=UTC), tick=False) as clock:
        deal = make_deal()
        clock.shift(timedelta(days=2, hours=3))
        deal.move_to(stages["Qualified"], by=alice)

    first, second = deal.stays.order_by("entered_at")
    assert (first.seconds, first.left_at, first.by) == (2 * 86400 + 3 * 3600, second.entered_at, alice)
    assert (second.left_at, second.seconds, second.came_from) == (None, None, stages["New"])


def test_a_second_open_stay_is_impossible(deal, stages):
    with pytest.raises(IntegrityError), transaction.atomic():
        deal.stays.create(stage=stages["Qualified"], entered_at=deal.stage_at)


def test_dropping_a_card_where_it_is_records_nothing(deal, stages, alice):
    deal.move_to(stages["New"], by=alice)

    assert not Event.objects.about(deal).filter(kind="deal.stage_changed").exists()
    assert deal.stays.count() == 1


def test_a_gate_names_only_what_is_missing_and_changes_nothing(deal, stages, alice):
    deal.amount = Decimal("250")
    deal.save()

    with pytest.raises(StageGate) as refused:
        deal.move_to(stages["Proposal"], by=alice)

    assert refused.value.missing == ["close_on"]
    deal.refresh_from_db()
    assert deal.stage == stages["New"]
    assert deal.stays.count() == 1


def test_a_gate_is_satisfied_with_the_move(deal, stages, alice):
    deal.move_to(stages["Proposal"], by=alice, filling=GIVEN)

    deal.refresh_from_db()
    assert (deal.stage, deal.amount, deal.amount_base, deal.close_on) == (
        stages["Proposal"],
        Decimal("100.00"),
        Decimal("100.00"),
        date(2026, 12, 1),
    )


def test_a_sum_of_nothing_passes_the_gate(deal, stages, alice):
    deal.move_to(stages["Proposal"], by=alice, filling={**GIVEN, "amount": Decimal(0)})

    assert deal.stage == stages["Proposal"]


def test_losing_asks_for_the_reason(deal, stages, reason, alice):
    with pytest.raises(StageGate) as refused:
        deal.move_to(stages["Lost"], by=alice)
    assert refused.value.missing == ["loss_reason"]

    deal.lose(reason, by=alice, note="Half the price in Graz", competitor="Pumpen AG")

    event = Event.objects.about(deal).get(kind="deal.lost")
    assert (event.data["reason"], deal.loss_note, deal.competitor) == (
        "Too expensive",
        "Half the price in Graz",
        "Pumpen AG",
    )
    assert deal.closed_at is not None


def test_the_database_refuses_a_loss_without_reason(deal, stages):
    with pytest.raises(IntegrityError), transaction.atomic():
        Deal.objects.filter(pk=deal.pk).update(stage=stages["Lost"], state="lost", closed_at=deal.stage_at)


def test_winning_makes_one_order_and_a_customer(deal, pump, alice, ann):
    line = deal.lines.model(deal=deal, qty=3)
    line.take(pump)
    line.save()
    deal.recount(by=alice)

    deal.win(by=alice)
    deal.win(by=alice)

    order = Order.objects.get()
    facts = PurchaseFacts.objects.get(contact=ann)
    ann.refresh_from_db()
    assert (order.amount, order.tax, order.total) == (Decimal("300.00"), Decimal("57.00"), Decimal("357.00"))
    assert [(x.name, x.qty, x.net) for x in order.lines.all()] == [("Pump", Decimal(3), Decimal("300.00"))]
    assert (facts.orders, facts.revenue_base, facts.first_order_at) == (1, Decimal("300.00"), order.paid_at)
    assert ann.stage == "customer"
    assert [e.kind for e in Event.objects.for_contact(ann).order_by("id")][-2:] == ["deal.won", "order.paid"]


def test_reopening_a_won_deal_takes_the_order_back(deal, stages, alice, ann):
    deal.win(by=alice, filling={"amount": Decimal(500)})

    deal.reopen(by=alice)

    assert (deal.stage, deal.state, deal.closed_at) == (stages["New"], "open", None)
    assert Order.objects.get().cancelled_at is not None
    assert not PurchaseFacts.objects.filter(contact=ann).exists()
    deal.win(by=alice)
    assert Order.objects.filter(cancelled_at=None).count() == 1


def test_a_foreign_amount_stands_in_the_companys_currency(make_deal, alice, ann):
    deal = make_deal(contact=ann, amount=Decimal("100"), rate=Decimal("0.923456"))

    deal.win(by=alice)

    assert deal.amount_base == Decimal("92.35")
    assert PurchaseFacts.objects.get(contact=ann).revenue_base == Decimal("92.35")


@pytest.mark.django_db(transaction=True)
def test_two_people_who_win_at_once_make_one_order(deal, stages, alice, bob, django_db_blocker):
    from threading import Barrier, Thread

    start, errors = Barrier(2), []

    def win(person):
        try:
            mine = Deal.objects.get(pk=deal.pk)
            start.wait()
            mine.move_to(stages["Won"], by=person, filling={"amount": Decimal(500)})
        except Exception as error:  # shown by the assertion below
            errors.append(error)
        finally:
            connection.close()

    threads = [Thread(target=win, args=[person]) for person in (alice, bob)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert not errors
    assert Order.objects.count() == 1
    assert deal.stays.count() == 2
    assert Event.objects.about(deal).filter(kind="deal.won").count() == 1
