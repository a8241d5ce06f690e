"""Amounts of deals hidden from a role, or only to be seen: sums, proposals, figures and questions follow."""

from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from contacts.models import Contact
from crm import access, conditions, field_access
from crm.field_access import HIDDEN, VIEW
from crm.models import CustomField, Event, Role
from crm.registry import today_items
from deals.models import Deal, Order
from deals.services import lines, proposals
from tests import factories

SUM = ("74,310", "74310")


@pytest.fixture
def person(workspace):
    """Somebody who sees and changes everything, but for the amounts at this level."""

    def person(name, level):
        everything = {kind.name: {act: access.ALL for act, _label in access.ACTS} for kind in access.kinds()}
        role = factories.role(name.lower(), everything)
        Role.objects.filter(pk=role.pk).update(fields={"deal": {"amount": level}})
        return factories.user(name, roles=[role])

    return person


@pytest.fixture
def sold(make_deal, ann, alice, pump):
    """A won deal with an order of 74,310 and an open one of 74,310 from its lines, with a proposal."""
    won = make_deal("Won one", contact=ann, amount=Decimal("74310"))
    won.win(by=alice)
    Order.objects.update(paid_at=timezone.now())
    deal = make_deal("Pumps", contact=ann)
    lines.change_line(deal, _priced(lines.add_product(deal, pump, by=alice)), by=alice)
    deal.refresh_from_db()
    assert deal.amount == Decimal("74310")
    return deal, proposals.draft_proposal(deal, by=alice)


def _priced(line):
    line.price = Decimal("74310")
    return line


def _addresses(deal):
    return [
        reverse("deals:index"),
        reverse("deals:lane_heads"),
        reverse("deals:card", args=[deal.pk]),
        reverse("deals:deal_show", args=[deal.pk]),
        reverse("deals:deal_sum", args=[deal.pk]),
        reverse("deals:table"),
        reverse("list_foot", args=["deals"]),
        reverse("deals:orders"),
        reverse("list_foot", args=["orders"]),
        reverse("deals:order_show", args=[Order.objects.get().pk]),
        reverse("timeline", args=["deal", deal.pk]),
        reverse("timeline", args=["contact", deal.contact_id]),
        reverse("history", args=["deal", deal.pk]),
        reverse("panel", args=["contact", "deals", deal.contact_id]),
        reverse("panel", args=["contact", "orders", deal.contact_id]),
        reverse("panel", args=["today", "pace", 0]),
        reverse("today"),
        reverse("analytics:show", args=["win_rate"]),
        reverse("analytics:show", args=["win_rate"]) + "?part=won",
        reverse("analytics:show", args=["retention"]),
    ]


def _telling(client, deal):
    """Addresses whose pages say the amount."""
    found = []
    for address in _addresses(deal):
        answer = client.get(address)
        assert answer.status_code == 200, address
        if any(text in answer.content.decode() for text in SUM):
            found.append(address)
    return found


def test_a_hidden_amount_is_in_no_sum_and_no_record_of_a_figure(client, person, sold, workspace):
    deal, _proposal = sold
    client.force_login(person("Ann", 2))
    everywhere = _telling(client, deal)
    client.force_login(rita := person("Rita", HIDDEN))

    assert _telling(client, deal) == []
    # The test looks at pages that do say it to others.
    assert len(everywhere) >= len(_addresses(deal)) - 4
    board = client.get(reverse("deals:index"))
    assert [(lane.count, lane.total, lane.weighted) for lane in board.context["lanes"]][0] == (1, None, None)
    assert "hidden from you" in client.get(reverse("timeline", args=["deal", deal.pk])).content.decode()
    assert {item.amount for item in today_items(rita, timezone.now())} <= {None}


def test_figures_in_money_are_not_there_for_whoever_may_not_see_amounts(client, person, sold, workspace):
    client.force_login(person("Rita", HIDDEN))

    answers = [client.get(reverse("analytics:show", args=[name])).status_code for name in ("revenue", "clv")]
    answers += [client.get(reverse("analytics:targets", args=["revenue"])).status_code]
    page = client.get(reverse("analytics:show", args=["win_rate"]))

    assert answers == [404, 404, 404]
    assert [kpi.name for kpi in page.context["kpis"]] == ["retention", "handling_time", "funnel", "win_rate"]
    assert [part["name"] for part in page.context["figure"]["parts"]] == ["won", "lost"]


def test_a_probability_that_is_hidden_weighs_nothing(client, person, sold):
    rita = person("Rita", 2)
    Role.objects.filter(code="rita").update(fields={"deal": {"probability": HIDDEN}})
    client.force_login(type(rita).objects.get(pk=rita.pk))

    lane = client.get(reverse("deals:index")).context["lanes"][0]

    assert (lane.total, lane.weighted) == (Decimal("74310"), None)


def test_proposals_are_made_of_amounts_and_hidden_with_them(client, person, sold, settings):
    deal, proposal = sold
    client.force_login(person("Rita", HIDDEN))
    names = ("proposal_show", "proposal_preview")

    answers = [client.get(reverse(f"deals:{name}", args=[proposal.pk])).status_code for name in names]
    answers.append(client.get(reverse("deals:proposal_pdf", args=[proposal.pk, 1])).status_code)
    made = client.post(reverse("deals:proposal_create", args=[deal.pk]))
    page = client.get(reverse("deals:proposals")).content.decode()

    assert answers == [404, 404, 404]
    assert made.status_code == 403
    assert "Proposals are hidden from you" in page
    assert proposal.number not in page
    assert deal.proposals.count() == 1


@pytest.mark.parametrize("level", [HIDDEN, VIEW])
def test_who_may_not_change_the_amount_changes_no_line(client, person, sold, pump, level):
    deal, _proposal = sold
    client.force_login(person("Rita", level))
    line = deal.lines.get()

    answers = [
        client.post(reverse("deals:line_create", args=[deal.pk]), {"product": pump.pk}),
        client.post(reverse("deals:line_update", args=[deal.pk, line.pk]), {"name": "Pump", "qty": 1, "price": 1}),
        client.post(reverse("deals:line_delete", args=[deal.pk, line.pk])),
        client.post(reverse("deals:deal_edit", args=[deal.pk]), {"name": "Pumps", "amount": "1"}),
        client.post(reverse("list_cell", args=["deals", deal.pk, "amount"]), {"amount": "1", "was": ""}),
    ]

    assert [answer.status_code for answer in answers[:3]] == [403] * 3
    assert {answer.status_code for answer in answers[3:]} <= {403, 404, 422}
    assert list(deal.lines.values_list("price", flat=True)) == [Decimal("74310")]
    assert Deal.objects.get(pk=deal.pk).amount == Decimal("74310")


def test_nobody_asks_for_people_by_a_sum_that_is_hidden(person, sold):
    rita, ann = person("Rita", HIDDEN), person("Ann", 2)
    tree = {"has": "purchases", "sum": {"at_least": "1000"}}

    parsed = conditions.parse(tree, "contact", user=ann)
    with pytest.raises(conditions.ConditionError):
        conditions.parse(tree, "contact", user=rita)
    bought = conditions.parse({"has": "purchases"}, "contact", user=rita)

    for asked, user in ((parsed, ann), (bought, rita)):
        rows = conditions.matching(Contact.objects.all(), asked, "contact", user=user)
        assert [str(row) for row in rows] == ["Ann Lee"]


def test_the_rest_of_a_deal_is_worked_on_without_its_amount(client, person, sold, stages):
    deal, _proposal = sold
    client.force_login(person("Rita", HIDDEN))

    saved = client.post(reverse("deals:deal_edit", args=[deal.pk]), {"name": "Pump line 2", "currency": "EUR"})
    moved = client.post(reverse("deals:stage_move_create", args=[deal.pk]), {"stage": stages["Qualified"].pk})

    now = Deal.objects.get(pk=deal.pk)
    assert (saved.status_code, moved.status_code) == (302, 302)
    assert (now.name, now.stage.name, now.amount, now.amount_base) == ("Pump line 2", "Qualified", 74310, 74310)
    assert now.lines.get().price == 74310
    assert ("amount", "Amounts and prices") in field_access.guarded("deal")
    assert Event.objects.filter(kind="deal.stage_changed", target_id=deal.pk).count() == 1


def test_what_is_computed_of_a_hidden_amount_is_hidden_with_it(client, person, sold):
    CustomField.objects.create(
        subject="deal", key="half", kind="formula", label_en="Half", formula="amount / 2", places=2
    )
    blind, seeing = person("Blind", HIDDEN), person("Seeing", VIEW)
    asking = {"f": '{"field":"cf_half","op":"gt","value":"37154"}', "cols": "cf_half", "sort": "cf_half"}

    assert conditions.field_named("deal", "cf_half", blind) is None
    assert conditions.field_named("deal", "cf_half", seeing) is not None
    client.force_login(seeing)
    assert "37,155" in client.get(reverse("deals:table"), asking).content.decode()
    client.force_login(blind)
    assert client.get(reverse("deals:table"), asking).status_code == 400
    assert "37,155" not in client.get(sold[0].get_absolute_url()).content.decode()
