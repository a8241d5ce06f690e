"""The figures, held against cases worked out by hand."""

import io
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from django.core.management import call_command
from django.urls import reverse

from analytics import kpis
from analytics.services import clv
from crm.clock import Hours, business_seconds, parse_week
from deals.models import Deal, LossReason, Order, Pipeline, StageStay
from deals.services.setup import create_standard_pipeline
from tests import factories
from tickets.models import Ticket

pytestmark = pytest.mark.django_db
CDNOW = clv.BgNbd(0.242593, 4.413532, 0.792886, 2.425753, -9582.42556)
SPEND = clv.GammaGamma(6.248802, 3.744589, 15.447750, -4055.92324)


def _at(year, month=1, day=1, hour=12):
    return datetime(year, month, day, hour, tzinfo=UTC)


def _order(contact, at, amount="100.00", **fields):
    return Order.objects.create(
        contact=contact,
        amount=amount,
        amount_base=fields.pop("base", amount),
        currency="EUR",
        ordered_at=at,
        paid_at=at,
        **fields,
    )


def _bought(people, *moments):
    for person in people:
        for moment in moments:
            _order(person, moment)


def _parts(found):
    return {part["name"]: part["value"] for part in found["parts"]}


def test_retention_counts_those_who_stayed_and_no_new_ones(workspace):
    people = [factories.contact(last=f"N{n}") for n in range(240)]
    _bought(people[:185], _at(2023, 6), _at(2025, 6))
    _bought(people[185:200], _at(2023, 6))
    _bought(people[200:235], _at(2024, 6), _at(2025, 6))
    _bought(people[235:], _at(2024, 6))
    found = kpis.as_json(kpis.kpi_named("retention"), date(2024, 1, 1), date(2026, 1, 1))
    assert found["value"] == "92.5"
    assert _parts(found) == {"started": 200, "stayed": 185, "left": 15}


def test_the_records_behind_retention_are_as_many_as_the_figure_says(workspace):
    people = [factories.contact(last=f"N{n}") for n in range(8)]
    _bought(people[:5], _at(2023, 6), _at(2025, 6))
    _bought(people[5:], _at(2023, 6))
    kpi, days = kpis.kpi_named("retention"), (date(2024, 1, 1), date(2026, 1, 1))
    for name, value in _parts(kpis.as_json(kpi, *days)).items():
        assert kpi.records(*days, name).count() == value


def test_nothing_to_divide_by_is_unknown_and_not_zero(workspace):
    for kpi in kpis.KPIS:
        found = kpis.as_json(kpi, date(2026, 1, 1), date(2026, 2, 1))
        assert (found["value"], found["change_percent"]) == (None, None), kpi.name


def test_a_weekend_with_a_change_of_clocks_is_two_hours_and_three_quarters_of_work():
    hours = Hours("Europe/Berlin", parse_week("0-4 09:00-18:00"))
    opened, solved = datetime(2026, 3, 27, 15, 30, tzinfo=UTC), datetime(2026, 3, 30, 8, 15, tzinfo=UTC)
    assert business_seconds(hours, opened, solved) == 2 * 3600 + 45 * 60
    assert solved - opened == timedelta(hours=64, minutes=45)


def test_a_reopened_request_counts_once_from_receipt_to_its_last_solution(workspace):
    received = _at(2026, 3, 2, 9)
    Ticket.objects.create(
        number=1, subject="Drifts", status="resolved", created_at=received, resolved_at=received + timedelta(hours=27),
        business_resolution=9 * 3600, reopened=1,
    )  # fmt: skip
    found = kpis.as_json(kpis.kpi_named("handling_time"), date(2026, 3, 1), date(2026, 4, 1))
    parts = _parts(found)
    assert (parts["solved"], parts["solution_calendar"], Decimal(parts["reopened"])) == (1, 27 * 3600, 100)
    assert found["value"] == 9 * 3600


@pytest.fixture
def stages(workspace):
    return {stage.position: stage for stage in create_standard_pipeline("en").stages.all()}


def _deal(stages, way, end=None):
    """A deal that stood in the stages at these places in this order, then was won or lost."""
    closed = _at(2026, 6, 20) if end else None
    last = next(s for s in stages.values() if s.kind == end) if end else stages[way[-1]]
    deal = Deal.objects.create(
        name="D", pipeline=last.pipeline, stage=last, state=last.kind, currency="EUR", created_at=_at(2026, 6, 2),
        closed_at=closed, loss_reason=LossReason.objects.first() if end == "lost" else None,
    )  # fmt: skip
    for step, place in enumerate(way):
        left = _at(2026, 6, 4 + step) if step < len(way) - 1 or end else None
        StageStay.objects.create(
            deal=deal,
            stage=stages[place],
            entered_at=_at(2026, 6, 3 + step),
            left_at=left,
            seconds=86400 if left else None,
        )
    return deal


def test_the_funnel_counts_skipped_stages_and_those_that_were_lost(stages):
    for way, end in [
        ([0, 1, 2], "won"), ([0, 2], "won"), ([0, 1, 2, 1, 2], "lost"), ([0, 1, 2], None), ([0, 1], "lost"),
        ([0, 1], None), ([0, 1], None), ([0], "lost"), ([0], "lost"), ([0], None),
    ]:  # fmt: skip
        _deal(stages, way, end)
    found = kpis.as_json(kpis.kpi_named("funnel"), date(2026, 6, 1), date(2026, 7, 1))
    parts = _parts(found)
    assert [parts[f"stage-{stages[place].pk}"] for place in (0, 1, 2)] == [10, 7, 4]
    assert (parts["won"], parts["lost"], parts["open"]) == (2, 4, 4)
    assert (found["value"], parts["rate"]) == ("20.0", "33.3")


def test_thirty_days_are_held_against_thirty_days(stages):
    first = date(2026, 10, 1)
    for n in range(61):
        day = first + timedelta(days=n)
        Deal.objects.create(
            name="D",
            pipeline=stages[0].pipeline,
            stage=stages[0],
            currency="EUR",
            created_at=_at(day.year, day.month, day.day),
        )
    funnel, november = kpis.kpi_named("funnel"), (date(2026, 11, 1), date(2026, 12, 1))
    now, then = (funnel.records(*days, "").count() for days in (november, kpis.before(*november)))
    assert (now, then, kpis.change(now, then)) == (30, 30, Decimal("0.0"))


def test_a_sale_is_worth_what_it_was_worth_on_its_day(workspace):
    _order(factories.contact(), _at(2026, 3, 3), "100.00", base=Decimal("110.00"), rate=Decimal("1.10"))
    found = kpis.as_json(kpis.kpi_named("revenue"), date(2026, 3, 1), date(2026, 4, 1))
    assert Decimal(found["value"]) == Decimal("110.00")


def test_a_day_begins_in_the_zone_of_the_company(workspace):
    workspace.time_zone = "Europe/Berlin"
    workspace.save()
    _order(factories.contact(), datetime(2026, 3, 31, 22, 30, tzinfo=UTC))
    revenue = kpis.kpi_named("revenue")
    assert kpis.as_json(revenue, date(2026, 3, 1), date(2026, 4, 1))["value"] is None
    assert Decimal(kpis.as_json(revenue, date(2026, 4, 1), date(2026, 5, 1))["value"]) == 100


def test_cancelled_orders_are_no_revenue(workspace):
    _order(factories.contact(), _at(2026, 3, 3), cancelled_at=_at(2026, 3, 4))
    assert kpis.as_json(kpis.kpi_named("revenue"), date(2026, 3, 1), date(2026, 4, 1))["value"] is None


@pytest.mark.parametrize("kpi", kpis.KPIS, ids=lambda kpi: kpi.name)
def test_the_command_prints_what_the_page_shows(client, carol, stages, kpi):
    person = factories.contact()
    _bought([person], _at(2025, 2), _at(2026, 3))
    _deal(stages, [0, 1], "won")
    out = io.StringIO()
    call_command("kpi", kpi.name, "--from", "2026-01-01", "--to", "2026-07-01", "--json", stdout=out)
    client.force_login(carol)
    page = client.get(reverse("analytics:show", args=[kpi.name]), {"from": "2026-01-01", "to": "2026-07-01"})
    assert page.status_code == 200
    assert json.loads(out.getvalue()) == json.loads(json.dumps(page.context["figure"]))


def test_the_records_behind_a_figure_are_those_the_reader_may_see(client, alice, workspace):
    alice.roles.add(factories.role("figures", {"kpi": {"view": 3}}))
    mine = _order(factories.contact(), _at(2026, 3, 3), number="MINE-1", owner=alice)
    _order(factories.contact(), _at(2026, 3, 4), number="OTHER-2")
    client.force_login(alice)
    page = client.get(reverse("analytics:show", args=["revenue"]), {"from": "2026-03-01", "to": "2026-04-01"})
    assert list(page.context["rows"]) == [mine]


def test_who_may_not_see_figures_gets_none(client, workspace):
    client.force_login(factories.user("Nobody"))
    assert client.get(reverse("analytics:show", args=["revenue"])).status_code == 403


@pytest.mark.parametrize(
    "query", [{"from": "yesterday"}, {"from": "2026-04-01", "to": "2026-03-01"}, {"to": "9999-12-31"}]
)
def test_a_range_that_is_none_is_refused(client, carol, workspace, query):
    client.force_login(carol)
    assert client.get(reverse("analytics:show", args=["revenue"]), query).status_code == 400


def test_expected_purchases_are_those_of_the_published_model():
    x, tx, age = np.array([2.0, 0.0, 1.0]), np.array([30.43, 0.0, 3.0]), np.array([38.86, 38.86, 38.0])
    assert CDNOW.expected(39, x, tx, age) == pytest.approx([1.225910, 0.194781, 0.252798], rel=1e-4)
    assert CDNOW.alive(x, tx, age) == pytest.approx([0.726609, 1, 0.259405], rel=1e-4)


def test_expected_values_are_drawn_to_the_mean():
    found = SPEND.expected_value(np.array([2.0, 0.0]), np.array([22.35, 0.0]))
    assert found == pytest.approx([24.6586, 35.1710], rel=1e-4)


def test_lifetime_value_is_discounted_month_by_month():
    x, tx, age, z = [2.0, 1.0, 7.0], [30.43, 1.71, 29.43], [38.86] * 3, [22.35, 11.77, 73.74]
    assert clv.lifetime_values(CDNOW, SPEND, x, tx, age, z) == pytest.approx([36.2785, 4.6375, 283.5236], rel=1e-4)


def test_fitting_finds_the_parameters_that_the_customers_were_drawn_from():
    x, tx, age = _drawn(20_000)
    found = clv.fit_bgnbd(x, tx, age)
    assert found.r == pytest.approx(0.8, rel=0.1)
    assert found.alpha == pytest.approx(8, rel=0.1)


def _drawn(n):
    dice = np.random.default_rng(5)
    rate, leaving = dice.gamma(0.8, 1 / 8, n), dice.beta(0.9, 2.5, n)
    x, tx, age = np.zeros(n), np.zeros(n), np.full(n, 52.0)
    at, alive = np.zeros(n), np.ones(n, bool)
    while alive.any():
        at = at + dice.exponential(1 / rate)
        alive &= at <= age
        x, tx = np.where(alive, x + 1, x), np.where(alive, at, tx)
        alive &= dice.random(n) >= leaving
    return x, tx, age


def test_too_few_customers_are_no_model():
    with pytest.raises(clv.NotEnoughData):
        clv.fit_bgnbd([1, 0], [3, 0], [9, 9])


def test_the_model_can_be_fitted_to_a_file(tmp_path):
    path = tmp_path / "purchases.csv"
    lines = ["customer_id,date,amount"]
    for n in range(40):
        lines += [f"{n},2026-{1 + month:02d}-{1 + n % 27:02d},{20 + n * 3 + month}" for month in range(1 + n % 4)]
    path.write_text("\n".join(lines))
    out = io.StringIO()
    call_command("fit_clv", csv=str(path), json=True, stdout=out)
    found = json.loads(out.getvalue())
    assert found["customers"] == 40
    assert found["bg_nbd"]["log_likelihood"] < 0


def test_a_share_moves_by_points_and_an_amount_by_percent(stages):
    for way, end, day in [([0], "won", 2), ([0], "lost", 2), ([0], "won", -20)]:
        deal = _deal(stages, way, end)
        Deal.objects.filter(pk=deal.pk).update(closed_at=_at(2026, 6, 2) + timedelta(days=day))
    found = kpis.as_json(kpis.kpi_named("win_rate"), date(2026, 6, 1), date(2026, 7, 1))
    assert (found["value"], found["before"], found["change_points"], found["change_percent"]) == (
        "50.0", "100.0", "-50.0", "-50.0"
    )  # fmt: skip
    assert kpis.as_json(kpis.kpi_named("revenue"), date(2026, 6, 1), date(2026, 7, 1))["change_points"] is None


def test_the_list_behind_the_funnel_is_as_long_as_its_figure(stages):
    for way, end in [([0, 1, 2], "won"), ([0, 1], "lost"), ([0], None)]:
        _deal(stages, way, end)
    other = Pipeline.objects.create(name="Partners", position=9)
    elsewhere = other.stages.create(name="First", position=0)
    Deal.objects.create(name="X", pipeline=other, stage=elsewhere, currency="EUR", created_at=_at(2026, 6, 2))
    funnel, june = kpis.kpi_named("funnel"), (date(2026, 6, 1), date(2026, 7, 1))
    parts = _parts(kpis.as_json(funnel, *june))
    counted = {name: value for name, value in parts.items() if name != "rate"}
    assert {name: funnel.records(*june, name).count() for name in counted} == counted
