"""Leads come to sales; steps stand on deals; people find them in Today, search and conditions."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from contacts.models import Contact, Task
from contacts.services.tasks import create_task
from crm import conditions, outbox
from crm.events import record
from crm.models import Notification
from crm.registry import today_items
from crm.search import search
from deals.models import Deal, PurchaseFacts
from deals.services.handoff import take_lead
from deals.services.steps import plan_step, refresh_stale_steps
from tests import factories


@pytest.fixture
def rep(alice):
    alice.roles.add(factories.role("sales_rep", {}))
    return alice


def _hand_over(contact):
    event = record("contact.handed_off", contact=contact, score=82, reasons=["Opened three letters", "Took a guide"])
    outbox.run_due()
    return event


def test_a_lead_becomes_one_hot_task_of_its_owner(ann, alice):
    event = _hand_over(ann)
    take_lead(event)

    task = Task.objects.get()
    assert (task.owner, task.contact, task.is_hot, task.kind) == (alice, ann, True, "call")
    assert task.reasons == ["Opened three letters", "Took a guide"]
    assert task.due_at <= timezone.now() + timedelta(hours=2)
    assert Notification.objects.filter(user=alice, kind="task.assigned").count() == 1


def test_a_lead_of_nobody_goes_to_the_rep_with_the_fewest_tasks(rep, bob):
    bob.roles.add(*rep.roles.filter(code="sales_rep"))
    Task.objects.create(title="Busy", owner=rep)
    lead = factories.contact("Lee", "Wong")

    _hand_over(lead)

    lead.refresh_from_db()
    assert Task.objects.get(contact=lead).owner == bob
    assert lead.owner == bob


def test_the_rep_opens_a_deal_from_the_task(client, ann, alice, stages):
    _hand_over(ann)
    task = Task.objects.get()
    client.force_login(alice)

    page = client.get(reverse("deals:new"), {"task": task.pk, "contact": ann.pk})
    assert page.context["form"].initial["contact"] == ann
    data = {"name": "Lee", "stage": stages["New"].pk, "contact": f"Ann Lee #{ann.pk}", "currency": "EUR"}
    client.post(reverse("deals:create"), {**data, "owner": alice.pk, "task": task.pk})

    deal = Deal.objects.get()
    task.refresh_from_db()
    assert (deal.contact, deal.owner, deal.stays.count()) == (ann, alice, 1)
    assert task.done_at is not None


def test_a_deal_repeats_its_earliest_open_step(deal, alice, client):
    plan_step(deal, "Visit", by=alice, due_at=timezone.now() + timedelta(days=5))
    call = plan_step(deal, "Call", by=alice, due_at=timezone.now() + timedelta(days=1))
    deal.refresh_from_db()
    assert deal.next_step == "Call"

    client.force_login(alice)
    client.post(reverse("contacts:task_done", args=[call.pk]))
    outbox.run_due()

    deal.refresh_from_db()
    assert deal.next_step == "Visit"


def test_a_sweep_follows_tasks_that_were_moved_without_an_event(deal, make_deal, alice):
    make_deal("Without steps")
    task = plan_step(deal, "Visit", by=alice, due_at=timezone.now() + timedelta(days=5))
    assert refresh_stale_steps() == 0
    later = timezone.now() + timedelta(days=9)
    Task.objects.filter(pk=task.pk).update(due_at=later)

    assert refresh_stale_steps() == 1
    deal.refresh_from_db()
    assert deal.next_step_at == later


def test_a_step_of_several_whole_days_is_due_at_the_end_of_the_last(deal, alice):
    first = timezone.now() + timedelta(days=1)
    create_task(
        owner=alice,
        by=alice,
        title="Fair",
        target=deal,
        due_at=first,
        day_on=first.date(),
        ends_at=first + timedelta(days=2),
    )

    deal.refresh_from_db()
    assert (deal.next_step, deal.next_step_at) == ("Fair", first + timedelta(days=2))
    assert refresh_stale_steps() == 0


def test_today_names_late_and_silent_deals(make_deal, alice, mallory):
    now = timezone.now()
    make_deal("Late", close_on=timezone.localdate() - timedelta(days=1))
    make_deal("Silent", last_touch_at=now - timedelta(days=20))
    make_deal("Fine")

    keys = {item.title for item in today_items(alice, now) if item.key.startswith("deal:")}
    assert keys == {"Late", "Silent"}
    assert [item for item in today_items(mallory, now) if item.key.startswith("deal:")] == []


def test_people_are_asked_by_what_they_bought(make_deal, ann, alice):
    ben = factories.contact("Ben", "Ray", owner=alice)
    make_deal(contact=ann, amount=Decimal("500")).win(by=alice)
    make_deal("Open one", contact=ben)

    def found(node):
        tree = conditions.parse({"all": [node]}, "contact", user=alice)
        return set(conditions.matching(Contact.objects.all(), tree, "contact", user=alice))

    assert found({"has": "purchases", "within_days": 90}) == {ann}
    assert found({"not": {"has": "purchases", "within_days": 90}}) == {ben}
    assert found({"field": "orders", "op": "gte", "value": 1}) == {ann}
    assert found({"field": "revenue", "op": "gt", "value": 499}) == {ann}
    assert found({"has": "open_deals"}) == {ben}


def test_who_bought_nothing_has_no_orders_and_no_day_of_one(make_deal, ann, alice):
    """Whether his figures are missing or have become 0 again."""
    ben, eve = factories.contact("Ben", "Ray", owner=alice), factories.contact("Eve", "Orr", owner=alice)
    make_deal(contact=ann, amount=Decimal("500")).win(by=alice)
    PurchaseFacts.objects.create(contact=eve)

    def found(**node):
        tree = conditions.parse({"all": [node]}, "contact", user=alice)
        return set(conditions.matching(Contact.objects.all(), tree, "contact", user=alice))

    assert found(field="orders", op="is", value=0) == found(field="orders", op="lt", value=1) == {ben, eve}
    assert found(field="orders", op="is_not", value=0) == {ann}
    assert found(field="revenue", op="between", value=[0, 100]) == {ben, eve}
    assert found(field="revenue", op="between", value=[1, 1000]) == {ann}
    assert found(field="orders", op="empty") == {ben}
    assert found(field="first_order", op="empty") == {ben, eve}
    assert found(field="last_order", op="not_empty") == {ann}


def test_a_deal_is_found_by_name_by_those_who_may_see_it(deal, alice, mallory):
    def hits(user):
        return [hit for source, found in search(user, "pump li") if source.kind == "deal" for hit in found]

    assert (hits(alice), hits(mallory)) == ([deal], [])


def test_two_who_drag_at_once_both_see_the_truth(client, deal, stages, alice, bob):
    deal.move_to(stages["Qualified"], by=bob)
    client.force_login(alice)

    answer = client.post(
        reverse("deals:stage_move_create", args=[deal.pk]),
        {"stage": stages["Won"].pk, "was": stages["New"].pk},
        headers={"HX-Request": "true"},
    )

    deal.refresh_from_db()
    assert deal.stage == stages["Qualified"]
    assert f'"stage": {stages["Qualified"].pk}' in answer.headers["HX-Trigger"]


def test_a_card_dropped_between_two_stays_there(client, make_deal, stages, alice):
    first, second, third = (make_deal(name) for name in ("First", "Second", "Third"))
    client.force_login(alice)

    client.post(
        reverse("deals:stage_move_create", args=[first.pk]),
        {"stage": stages["New"].pk, "was": stages["New"].pk, "above": third.pk, "below": second.pk},
        headers={"HX-Request": "true"},
    )

    lane = client.get(reverse("deals:index")).context["lanes"][0]
    assert [card.name for card in lane.cards] == ["Third", "First", "Second"]
