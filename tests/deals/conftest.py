"""A pipeline and what stands in it."""

from decimal import Decimal

import pytest

from deals.models import Deal, LossReason, Pipeline, Product, Stage
from tests import factories


@pytest.fixture
def pipeline(workspace):
    pipeline = Pipeline.objects.create(name="Sales")
    rows = [
        ("New", "open", 10, 7, []),
        ("Qualified", "open", 25, 14, []),
        ("Proposal", "open", 50, 14, ["amount", "close_on"]),
        ("Won", "won", 100, None, []),
        ("Lost", "lost", 0, None, []),
    ]
    for position, (name, kind, chance, rot, gate) in enumerate(rows):
        pipeline.stages.create(name=name, kind=kind, probability=chance, rot_days=rot, gate=gate, position=position)
    return pipeline


@pytest.fixture
def stages(pipeline):
    """Stages by name."""
    return {stage.name: stage for stage in pipeline.stages.all()}


@pytest.fixture
def reason(db):
    return LossReason.objects.create(name="Too expensive")


@pytest.fixture
def ann(alice):
    return factories.contact("Ann", "Lee", owner=alice, team=alice.team, email="ann@client.test")


@pytest.fixture
def make_deal(stages, alice):
    def make(name="Pump line", stage="New", owner=alice, **fields):
        deal = Deal(name=name, stage=stages[stage], owner=owner, team=owner.team, currency="EUR", **fields)
        return deal.begin(by=owner)

    return make


@pytest.fixture
def deal(make_deal, ann):
    """Alice's deal with Ann, new, without amount or close date."""
    return make_deal(contact=ann)


@pytest.fixture
def pump(db):
    return Product.objects.create(
        sku="P-1", name="Pump", unit="pcs", price=Decimal("100.00"), cost=Decimal("60"), currency="EUR", tax_rate=19
    )


@pytest.fixture
def hours(db):
    return Product.objects.create(
        sku="H-1", name="Fitting", unit="h", price=Decimal("33.33"), currency="EUR", tax_rate=Decimal("7")
    )


def stage_named(pipeline, name):
    return Stage.objects.get(pipeline=pipeline, name=name)
