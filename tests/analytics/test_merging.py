"""Figures and merges: sums of all periods stay, and there is one customer fewer until it is undone."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db.models import Count, Sum

from analytics.models import CohortCell, OrderFact
from analytics.services import facts
from contacts.services import merging
from crm import outbox
from deals.models import Deal, Order, PurchaseFacts
from deals.services.orders import rebuild_facts
from deals.services.setup import create_standard_pipeline
from tests import factories

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def _figures():
    facts.settle_all()
    assert facts.check() == {}
    return OrderFact.objects.aggregate(
        orders=Count("pk"), revenue=Sum("amount_base"), customers=Count("contact_id", distinct=True)
    )


def _cells():
    return list(CohortCell.objects.order_by("pk").values_list("joined_on", "bought_on", "people", "revenue_base"))


def test_deals_and_revenue_of_both_are_the_one_customers_and_come_back(workspace):
    first, second = factories.contact("Ann"), factories.contact("Anna")
    pipeline = create_standard_pipeline("en")
    for contact, n in ((first, 3), (second, 2)):
        for i in range(n):
            at = NOON - timedelta(days=100 * i + 5 * n)
            deal = Deal.objects.create(
                name="D", contact=contact, pipeline=pipeline, stage=pipeline.stages.first(), currency="EUR"
            )
            Order.objects.create(
                contact=contact, deal=deal, amount=100, amount_base=100, currency="EUR", ordered_at=at, paid_at=at
            )
    rebuild_facts([first.pk, second.pk])
    before, cells, bought = _figures(), _cells(), list(PurchaseFacts.objects.order_by("pk").values())
    assert before == {"orders": 5, "revenue": Decimal("500.00"), "customers": 2}

    merge = merging.merge_contacts(first, second, by=None)

    assert _figures() == before | {"customers": 1}
    assert sum(revenue for *_cell, revenue in _cells()) == Decimal("500.00")
    assert Deal.objects.filter(contact=first).count() == 5
    assert list(PurchaseFacts.objects.values_list("contact", "orders", "revenue_base")) == [(first.pk, 5, 500)]
    merging.undo_merge(merge, by=None)
    outbox.run_due()
    assert (_figures(), _cells()) == (before, cells)
    assert list(PurchaseFacts.objects.order_by("pk").values()) == bought


def test_an_order_that_came_after_the_merge_counts_for_the_kept_one(workspace):
    first, second = factories.contact("Ann"), factories.contact("Anna")
    Order.objects.create(contact=second, amount=50, amount_base=50, currency="EUR", ordered_at=NOON, paid_at=NOON)
    rebuild_facts([second.pk])
    merge = merging.merge_contacts(first, second, by=None)
    Order.objects.create(contact=first, amount=70, amount_base=70, currency="EUR", ordered_at=NOON, paid_at=NOON)
    rebuild_facts([first.pk])

    merging.undo_merge(merge, by=None)
    outbox.run_due()

    assert dict(PurchaseFacts.objects.values_list("contact", "revenue_base")) == {first.pk: 70, second.pk: 50}
