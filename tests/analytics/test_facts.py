"""Facts equal the records they are counted from, whatever happened to those and however."""

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics import kpis
from analytics.models import CohortCell, DealFact, DirtyFact, FactState, OrderFact, TicketFact, TimeCell
from analytics.services import facts, service
from analytics.services.common import EVERYBODY
from analytics.tasks import check_facts, settle_facts
from crm.models import Notification
from deals.models import Deal, LossReason, Order, StageStay
from deals.services.setup import create_standard_pipeline
from tests import factories
from tests.analytics import naive
from tickets.models import Ticket

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def _order(contact, at=NOON, amount="100.00", **fields):
    return Order.objects.create(
        contact=contact, amount=amount, amount_base=amount, currency="EUR", ordered_at=at, paid_at=at, **fields
    )


def _ticket(number, **fields):
    return Ticket.objects.create(number=number, subject="T", created_at=NOON, **fields)


def _cells():
    return sorted(CohortCell.objects.values_list("joined_on", "bought_on", "people", "revenue_base"))


def test_a_change_of_one_column_that_no_figure_reads_notes_nothing(workspace):
    pipeline = create_standard_pipeline("en")
    deal = Deal.objects.create(name="D", pipeline=pipeline, stage=pipeline.stages.first(), currency="EUR")
    ticket = _ticket(1)
    facts.settle_all()

    Deal.objects.filter(pk=deal.pk).update(name="E", position=3)
    Ticket.objects.filter(pk=ticket.pk).update(subject="U", last_message_at=NOON)

    assert not DirtyFact.objects.exists()


def test_bulk_updates_and_raw_statements_are_noted_too(workspace):
    order = _order(factories.contact())
    facts.settle_all()

    Order.objects.filter(pk=order.pk).update(amount_base=70)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE deals_order SET paid_at = paid_at - interval '1 day' WHERE id = %s", [order.pk])
    facts.settle_all()

    fact = OrderFact.objects.get(pk=order.pk)
    assert (fact.amount_base, fact.paid_at) == (Decimal("70.00"), NOON - timedelta(days=1))


def test_counting_twice_changes_nothing_and_half_is_finished_later(workspace):
    for _n in range(3):
        _order(factories.contact())
    assert facts.settle(limit=2) == 2
    assert OrderFact.objects.count() == 2
    facts.settle_all()
    before = list(OrderFact.objects.order_by("pk").values()), _cells()

    DirtyFact.objects.bulk_create(
        DirtyFact(kind="order", record_id=pk) for pk in Order.objects.values_list("pk", flat=True)
    )
    settle_facts()

    assert (list(OrderFact.objects.order_by("pk").values()), _cells()) == before


def test_an_earlier_purchase_moves_the_buyer_to_another_cohort(workspace):
    ann = factories.contact()
    _order(ann, NOON, "100.00")
    facts.settle_all()
    assert _cells() == [(date(2026, 1, 1), date(2026, 1, 1), 1, Decimal("100.00"))]

    _order(ann, datetime(2025, 11, 3, tzinfo=UTC), "40.00")
    facts.settle_all()

    autumn, winter = date(2025, 10, 1), date(2026, 1, 1)
    assert _cells() == [(autumn, autumn, 1, Decimal("40.00")), (autumn, winter, 1, Decimal("100.00"))]
    assert set(OrderFact.objects.values_list("first_at", flat=True)) == {datetime(2025, 11, 3, tzinfo=UTC)}


def test_another_zone_of_the_company_cuts_the_cohorts_anew(workspace):
    _order(factories.contact(), datetime(2026, 3, 31, 22, 30, tzinfo=UTC))
    facts.settle_all()
    assert [cell[1] for cell in _cells()] == [date(2026, 1, 1)]

    workspace.time_zone = "Europe/Berlin"
    workspace.save()
    facts.settle()

    assert [cell[1] for cell in _cells()] == [date(2026, 4, 1)]


def test_a_stage_that_moves_changes_what_deals_have_reached(workspace):
    pipeline = create_standard_pipeline("en")
    first, second = pipeline.stages.order_by("position")[:2]
    deal = Deal.objects.create(name="D", pipeline=pipeline, stage=second, currency="EUR")
    StageStay.objects.create(deal=deal, stage=second, entered_at=NOON)
    facts.settle_all()
    assert DealFact.objects.get().reached == second.position

    type(second).objects.filter(pk=second.pk).update(position=9)
    facts.settle_all()

    assert DealFact.objects.get().reached == 9


def test_stages_of_another_pipeline_are_not_reached_in_this_one(workspace):
    pipeline = create_standard_pipeline("en")
    other = type(pipeline).objects.create(name="Other", position=5)
    far = other.stages.create(name="Far", position=7)
    deal = Deal.objects.create(name="D", pipeline=pipeline, stage=pipeline.stages.first(), currency="EUR")
    StageStay.objects.create(deal=deal, stage=far, entered_at=NOON, left_at=NOON, seconds=0)
    facts.settle_all()
    assert DealFact.objects.get().reached == 0


def test_the_nightly_check_tells_the_administrators_and_mends(workspace, admin, carol):
    order = _order(factories.contact())
    ticket = _ticket(1, resolved_at=NOON, business_resolution=60)
    facts.settle_all()
    OrderFact.objects.update(amount_base=1)
    TicketFact.objects.all().delete()
    CohortCell.objects.update(people=7)

    check_facts()

    assert FactState.objects.get().differences == {"order": 1, "ticket": 1, "cohort": 1, "time": 2}
    assert OrderFact.objects.get(pk=order.pk).amount_base == Decimal("100.00")
    assert TicketFact.objects.get(pk=ticket.pk).solution_work == 60
    assert [cell[2:] for cell in _cells()] == [(1, Decimal("100.00"))]
    assert list(Notification.objects.values_list("user", "kind")) == [(admin.pk, "facts.differ")]
    check_facts()
    assert FactState.objects.get().differences == {}
    assert Notification.objects.count() == 1


def test_what_waits_to_be_counted_is_no_difference(workspace):
    ann = factories.contact()
    _order(ann)
    facts.settle_all()
    _order(ann, NOON - timedelta(days=400))
    Order.objects.filter(paid_at=NOON).update(amount_base=5)

    assert facts.check() == {}
    facts.settle_all()
    assert facts.check() == {}


def test_many_facts_are_written_at_once_and_only_the_wrong_ones_again(workspace):
    people = [factories.contact(last=f"N{n}") for n in range(5)]
    for person in people:
        _order(person)
    facts.rebuild()
    before = list(OrderFact.objects.order_by("pk").values()), _cells()
    OrderFact.objects.filter(contact_id=people[0].pk).delete()

    DirtyFact.objects.create(kind="order")
    facts.settle_all()

    assert list(OrderFact.objects.order_by("pk").values()) == before[0]
    assert not DirtyFact.objects.exists()


_MOMENTS = st.integers(0, 900).map(lambda n: datetime(2024, 1, 1, 22, tzinfo=UTC) + timedelta(days=n, hours=n % 5))
_ACTS = st.lists(
    st.tuples(st.integers(0, 11), st.integers(0, 30), _MOMENTS, st.sampled_from([1, 250, 99999]), st.booleans()),
    min_size=1,
    max_size=25,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=_ACTS, zone=st.sampled_from(["UTC", "Europe/Berlin", "Asia/Vladivostok"]))
def test_after_any_history_the_figures_are_those_of_the_records(workspace, acts, zone):
    world = _World(workspace, zone)
    for act in acts:
        world.act(*act)

    facts.settle_all()

    assert facts.check() == {}
    ranges = [(2024, 9, 1, 2025, 9, 1), (2025, 2, 10, 2025, 5, 4), (2024, 7, 1, 2026, 3, 1)]
    for first, last in [(date(*days[:3]), date(*days[3:])) for days in ranges]:
        for kpi in kpis.KPIS:
            figure = kpi.compute(first, last)
            parts = {name: value for name, _label, value, _unit in figure.parts}
            value, expected = naive.figure(kpi.name, first, last, zone)
            assert (kpi.name, figure.value) == (kpi.name, value)
            assert {name: parts[name] for name in expected} == expected
    assert _cells() == naive.cells(zone)


class _World:
    """Everything deleted, then a few people, deals and requests to whom things happen, and are taken back."""

    def __init__(self, workspace, zone):
        for model in (Order, StageStay, Deal, Ticket):
            model.objects.all().delete()
        workspace.time_zone = zone
        workspace.save()
        self.people = [factories.contact(last=f"N{n}") for n in range(4)]
        pipeline = Deal._meta.get_field("pipeline").related_model.objects.first() or create_standard_pipeline("en")
        self.stages = list(pipeline.stages.filter(kind__in=["open", "hold"]).order_by("position"))
        self.ends = {stage.kind: stage for stage in pipeline.stages.filter(kind__in=["won", "lost"])}
        self.reason = LossReason.objects.first()

    def act(self, what, which, at, size, flag):
        acts = [
            self._buy, self._buy, self._cancel, self._pass_on, self._remove, self._open, self._stay, self._close, self._reopen,
            self._ask, self._solve, self._between,
        ]  # fmt: skip
        acts[what](which, at, size, flag)

    def _some(self, model, which):
        rows = list(model.objects.order_by("pk"))
        return rows[which % len(rows)] if rows else None

    def _buy(self, which, at, size, flag):
        buyer = None if which == 30 else self.people[which % len(self.people)]
        _order(buyer, at, Decimal(size) / 100)

    def _cancel(self, which, at, size, flag):
        if order := self._some(Order, which):
            order.cancelled_at = None if order.cancelled_at else at
            order.save()

    def _pass_on(self, which, at, size, flag):
        # As a merge does it, and its undo.
        source, target = self.people[which % 4], self.people[size % 4]
        Order.objects.filter(contact=source).update(contact=target)

    def _remove(self, which, at, size, flag):
        row = self._some([Order, Deal, Ticket][which % 3], which)
        if row:
            row.delete()

    def _open(self, which, at, size, flag):
        stage = self.stages[which % len(self.stages)]
        deal = Deal.objects.create(
            name="D", pipeline=stage.pipeline, stage=stage, currency="EUR", amount=Decimal(size), created_at=at
        )
        StageStay.objects.create(deal=deal, stage=stage, entered_at=at)

    def _stay(self, which, at, size, flag):
        if deal := self._some(Deal, which):
            StageStay.objects.create(
                deal=deal, stage=self.stages[size % len(self.stages)], entered_at=at, left_at=at, seconds=0
            )

    def _close(self, which, at, size, flag):
        if deal := self._some(Deal, which):
            end = self.ends["won" if flag else "lost"]
            Deal.objects.filter(pk=deal.pk).update(
                state=end.kind, stage=end, closed_at=at, loss_reason=None if flag else self.reason
            )

    def _reopen(self, which, at, size, flag):
        if deal := self._some(Deal, which):
            Deal.objects.filter(pk=deal.pk).update(
                state=self.stages[0].kind, stage=self.stages[0], closed_at=None, loss_reason=None
            )

    def _ask(self, which, at, size, flag):
        last = Ticket.objects.order_by("-number").first()
        ticket = _ticket((last.number if last else 0) + 1)
        Ticket.objects.filter(pk=ticket.pk).update(created_at=at)

    def _solve(self, which, at, size, flag):
        if ticket := self._some(Ticket, which):
            Ticket.objects.filter(pk=ticket.pk).update(
                resolved_at=at if flag else None, business_resolution=size if flag else None, reopened=which % 2,
                first_response_at=at, business_response=size * 2,
            )  # fmt: skip

    def _between(self, which, at, size, flag):
        # A worker takes a few of the notes, as it may at any time.
        facts.settle(limit=which % 5 + 1)


def test_medians_out_of_the_histogram_are_those_of_sorting_everything(workspace):
    dice = random.Random(7)
    Ticket.objects.bulk_create(
        Ticket(
            number=n, subject="T", created_at=NOON - timedelta(seconds=(took := int(dice.expovariate(1 / 90_000)))),
            first_response_at=NOON + timedelta(days=n % 200), business_response=dice.choice([None, 0, 59, 60, took]),
            resolved_at=NOON + timedelta(days=n % 200), business_resolution=took // 3, reopened=n % 7 == 0,
        )
        for n in range(600)
    )  # fmt: skip
    facts.settle_all()
    for days in (
        (date(2026, 3, 1), date(2026, 7, 1)),
        (date(2026, 3, 9), date(2026, 8, 17)),
        (date(2026, 4, 3), date(2026, 4, 4)),
    ):
        fast, slow = service._from_cells(*days, True), service._from_facts(*days, EVERYBODY, True)
        assert fast.pop("months") == slow.pop("months")
        slow.pop("work")
        assert fast == pytest.approx(slow)


def test_a_figure_that_is_being_written_is_sorted_out_of_the_facts(workspace):
    _ticket(1, resolved_at=NOON, business_resolution=600)
    facts.settle_all()
    TimeCell.objects.update(place=5)
    march = date(2026, 3, 1), date(2026, 4, 1)
    assert service._from_cells(*march, True) is None
    assert service.handling_time(*march).value == 600
