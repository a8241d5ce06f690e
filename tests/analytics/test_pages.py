"""KPI pages: targets, whose figure it is, cohorts, and the records behind it page by page."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation

from analytics import kpis
from analytics.models import KpiTarget
from analytics.services import cohorts, facts
from analytics.services.targets import set_target, target_for
from crm import audit
from deals.models import Deal, LossReason, Order, Pipeline, Stage
from deals.services.setup import create_standard_pipeline
from tests import factories
from tickets.models import Mailbox, Ticket

pytestmark = pytest.mark.django_db
MARCH = {"from": "2026-03-01", "to": "2026-04-01"}
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def boss(workspace):
    """May see and change everything."""
    return factories.user("Boss", is_superuser=True)


def _order(contact, at=NOON, amount="100.00", **fields):
    return Order.objects.create(
        contact=contact, amount=amount, amount_base=amount, currency="EUR", ordered_at=at, paid_at=at, **fields
    )


def _page(client, user, name, **query):
    client.force_login(user)
    return client.get(reverse("analytics:show", args=[name]), query)


# Targets


def _post_target(client, user, name="win_rate", first="2026-01-01", last="2026-12-31", value="40"):
    client.force_login(user)
    data = {"first_on": first, "last_on": last, "value": value}
    return client.post(reverse("analytics:targets", args=[name]), data)


def test_a_target_stands_beside_the_figure_and_says_whether_it_is_reached(client, boss):
    _order(factories.contact())
    assert _post_target(client, boss, "revenue", "2026-03-01", "2026-03-31", "90").status_code == 302

    page = _page(client, boss, "revenue", **MARCH)

    assert (page.context["target"], page.context["reached"]) == (Decimal("90.00"), True)
    assert "€90" in page.content.decode()


def test_a_target_of_speed_is_reached_from_above(client, boss):
    Ticket.objects.create(number=1, subject="T", created_at=NOON, resolved_at=NOON, business_resolution=7200)
    _post_target(client, boss, "handling_time", value="1.5")
    assert KpiTarget.objects.get().value == 5400
    assert _page(client, boss, "handling_time", **MARCH).context["reached"] is False
    _post_target(client, boss, "handling_time", value="2")
    assert _page(client, boss, "handling_time", **MARCH).context["reached"] is True


def test_a_target_for_a_quarter_asks_a_month_for_its_days_of_revenue_and_for_all_of_a_share(boss):
    for name in ("revenue", "win_rate"):
        set_target(name, date(2026, 1, 1), date(2026, 3, 31), 90, by=boss)
    january = (date(2026, 1, 1), date(2026, 2, 1))
    assert (target_for("revenue", *january), target_for("win_rate", *january)) == (Decimal("31.00"), Decimal("90.00"))
    later = (date(2026, 4, 1), date(2026, 5, 1))
    assert (target_for("revenue", *later), target_for("win_rate", *later)) == (None, None)


def test_the_same_days_again_change_the_target_and_the_trail_keeps_the_old_one(client, boss):
    _post_target(client, boss, value="40")
    _post_target(client, boss, value="45")
    target = KpiTarget.objects.get()
    assert (target.value, target.set_by) == (45, boss)
    assert [(c.field, c.before, c.after) for c in audit.changes_of(target)] == [
        ("value", Decimal("40.00"), Decimal("45.00"))
    ]
    assert "until" in client.get(reverse("analytics:targets", args=["win_rate"])).content.decode()


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"first": "2026-02-01", "last": "2026-02-28"}, "first_on"),
        ({"first": "2027-02-01", "last": "2027-01-01"}, "last_on"),
        ({"first": "2027-01-01", "last": "2027-12-31", "value": "101"}, "value"),
        ({"first": "2027-01-01", "last": "2027-12-31", "value": "0"}, "value"),
    ],
)
def test_a_target_that_cannot_be_is_refused_with_its_reason(client, boss, data, field):
    _post_target(client, boss)
    answer = _post_target(client, boss, **data)
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert KpiTarget.objects.count() == 1


def test_who_may_only_read_figures_sets_and_removes_no_target(client, boss, carol):
    _post_target(client, boss)
    target = KpiTarget.objects.get()
    assert _post_target(client, carol, value="1").status_code == 403
    assert client.post(reverse("analytics:target_delete", args=[target.pk])).status_code == 403
    target.refresh_from_db()
    assert target.value == 40
    assert (
        '<button class="btn btn-primary"'
        not in client.get(reverse("analytics:targets", args=["win_rate"])).content.decode()
    )


def test_a_target_is_removed(client, boss):
    _post_target(client, boss)
    client.post(reverse("analytics:target_delete", args=[KpiTarget.objects.get().pk]))
    assert not KpiTarget.objects.exists()


# Whose figure


def test_a_figure_is_narrowed_to_an_owner_and_to_a_team_with_those_below(client, boss, alice, mallory):
    below = factories.team("Below", parent=alice.team)
    dan = factories.user("Dan", team=below)
    for owner, amount in ((alice, 1), (dan, 10), (mallory, 100)):
        _order(factories.contact(), amount=amount, owner=owner, team=owner.team)

    def value(**query):
        page = _page(client, boss, "revenue", **MARCH, **query)
        assert len(page.context["rows"]) == int(
            {p["name"]: p["value"] for p in page.context["figure"]["parts"]}["orders"]
        )
        return Decimal(page.context["figure"]["value"])

    assert value() == 111
    assert value(owner=alice.pk) == 1
    assert value(team=alice.team.pk) == 11
    assert value(team=below.pk) == 10


def test_a_filter_stays_in_every_link_of_the_page(client, boss, alice):
    _order(factories.contact(), owner=alice)
    html = _page(client, boss, "revenue", **MARCH, owner=alice.pk).content.decode()
    assert f"owner={alice.pk}&amp;part=orders#records" in html


def test_a_funnel_is_that_of_the_pipeline_asked_for(client, boss):
    create_standard_pipeline("en")
    other = Pipeline.objects.create(name="Partners", position=9)
    stage = Stage.objects.create(pipeline=other, name="First", position=0)
    Deal.objects.create(name="X", pipeline=other, stage=stage, currency="EUR", created_at=NOON)
    assert _page(client, boss, "funnel", **MARCH).context["count"] == 0
    page = _page(client, boss, "funnel", **MARCH, pipeline=other.pk)
    assert [p["value"] for p in page.context["figure"]["parts"] if p["name"] == f"stage-{stage.pk}"] == [1]
    assert [str(row) for row in page.context["rows"]] == ["X"]


def test_speed_is_that_of_the_mailbox_asked_for(client, boss):
    box = Mailbox.objects.create(name="Desk", address="desk@halden.test")
    for number, mailbox, seconds in ((1, box, 60), (2, None, 600)):
        Ticket.objects.create(
            number=number, subject="T", mailbox=mailbox, created_at=NOON, resolved_at=NOON, business_resolution=seconds
        )
    assert _page(client, boss, "handling_time", **MARCH, mailbox=box.pk).context["figure"]["value"] == 60


@pytest.mark.parametrize("query", [{"owner": "999999"}, {"team": "x"}])
def test_a_filter_that_does_not_exist_is_refused(client, boss, query):
    assert _page(client, boss, "revenue", **query).status_code == 400


# Cohorts


def _quarter_buyers():
    """Ann and Ben first bought in summer 2025; Ann again in autumn and in winter. Cid joined in autumn."""
    ann, ben, cid = (factories.contact(first) for first in ("Ann", "Ben", "Cid"))
    for person, *months in ((ann, 7, 10, 12), (ann, 13), (ben, 8), (cid, 11)):
        for month in months:
            _order(person, datetime(2025 + (month - 1) // 12, (month - 1) % 12 + 1, 5, tzinfo=UTC))
    facts.settle_all()
    return ann, ben, cid


def test_cohorts_count_people_once_a_quarter_and_leave_the_running_one_out_of_the_mean(workspace):
    _quarter_buyers()
    rows, means = cohorts.table(date(2026, 2, 1))
    found = [(joined, people, [(c.people, c.share, c.open) for c in cells]) for joined, people, cells in rows]
    assert found == [
        (date(2025, 7, 1), 2, [(1, 50, False), (1, 50, True)]),
        (date(2025, 10, 1), 1, [(0, 0, True)]),
    ]
    assert means[:2] == [50, None]


def test_a_cell_of_the_cohorts_opens_the_people_it_counts(client, boss):
    ann, _ben, _cid = _quarter_buyers()
    page = _page(client, boss, "retention", to="2026-02-01", joined="2025-07-01", bought="2025-10-01")
    assert list(page.context["rows"]) == [ann]
    assert "First bought in Q3 2025, bought in Q4 2025" in page.content.decode()


def test_cohorts_of_one_owner_are_counted_from_his_purchases(workspace, alice):
    _order(factories.contact(), owner=alice)
    _order(factories.contact())
    facts.settle_all()
    from analytics.services.common import Scope

    [(_joined, people, _cells)], _means = cohorts.table(date(2026, 4, 1), Scope(owner=alice.pk))
    assert people == 1


@pytest.mark.parametrize("query", [{"joined": "2025-07-02", "bought": "2025-10-01"}, {"joined": "x", "bought": "y"}])
def test_a_cell_that_is_no_quarter_is_refused(client, boss, query):
    assert _page(client, boss, "retention", **query).status_code == 400


# Records


def test_the_records_are_paged_by_key_and_counted(client, boss):
    person = factories.contact()
    Order.objects.bulk_create(
        Order(contact=person, amount=1, amount_base=1, currency="EUR", number=f"N{n}", ordered_at=NOON, paid_at=NOON + timedelta(minutes=n))
        for n in range(120)
    )  # fmt: skip
    seen, query = [], dict(MARCH)
    while query:
        page = _page(client, boss, "revenue", **query)
        assert (page.context["count"], page.context["more"]) == (120, False)
        seen += [row.number for row in page.context["rows"]]
        after = page.context["place"].after
        query = {**MARCH, "after": after} if after else None
    assert seen == [f"N{n}" for n in reversed(range(120))]


def test_a_record_says_whose_it_is_and_asks_nothing_more_for_it(client, boss):
    def asked(names):
        for name in names:
            _order(factories.contact(name), NOON, owner=boss)
        _page(client, boss, "revenue", **MARCH)  # counts what is new
        with CaptureQueriesContext(connection) as queries:
            html = _page(client, boss, "revenue", **MARCH).content.decode()
        assert all(f"· {name} Lee" in html for name in names)
        return len(queries)

    assert asked(["Ann", "Ben"]) == asked([f"Bea{n}" for n in range(20)])


def _world(boss):
    """A little of everything in March."""
    ann, ben = factories.contact("Ann"), factories.contact("Ben")
    for person, *moments in ((ann, NOON - timedelta(days=400), NOON), (ben, NOON - timedelta(days=200))):
        for moment in moments:
            _order(person, moment, owner=boss)
    pipeline = create_standard_pipeline("en")
    won, lost = (pipeline.stage_of_kind(kind) for kind in ("won", "lost"))
    for stage, closed in ((pipeline.stages.first(), None), (won, NOON), (lost, NOON)):
        Deal.objects.create(
            name="D", pipeline=pipeline, stage=stage, state=stage.kind, currency="EUR", amount=5, created_at=NOON,
            closed_at=closed, owner=boss, loss_reason=LossReason.objects.first() if stage == lost else None,
        )  # fmt: skip
    for number in (1, 2):
        Ticket.objects.create(
            number=number, subject="T", created_at=NOON, first_response_at=NOON, business_response=5, resolved_at=NOON,
            business_resolution=9, reopened=number - 1, owner=boss,
        )  # fmt: skip


@pytest.mark.parametrize("owner", [False, True])
@pytest.mark.parametrize("name", [kpi.name for kpi in kpis.KPIS])
def test_the_list_that_a_figure_links_to_holds_the_same_records(client, boss, name, owner):
    _world(boss)
    query = MARCH | ({"owner": boss.pk} if owner else {})
    figure = _page(client, boss, name, **query).context["figure"]
    linked = 0
    for part in ["", *[item["name"] for item in figure["parts"]]]:
        context = _page(client, boss, name, **query, part=part).context
        if context["list_url"]:
            linked += 1
            listed = client.get(context["list_url"]).context["rows"]
            assert {row.pk for row, _cells in listed} == {row.pk for row in context["rows"]}, part
    assert linked > 0


def test_a_part_counts_what_its_records_are(client, boss):
    _world(boss)
    for kpi in kpis.KPIS:
        figure = _page(client, boss, kpi.name, **MARCH).context["figure"]
        for part in figure["parts"]:
            if part["unit"] == "number":
                found = _page(client, boss, kpi.name, **MARCH, part=part["name"])
                assert (kpi.name, part["name"], found.context["count"]) == (kpi.name, part["name"], part["value"])


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("name", [kpi.name for kpi in kpis.KPIS])
def test_each_page_stays_within_its_statements_in_both_languages(
    client, boss, name, language, django_assert_max_num_queries
):
    boss.language = language
    boss.save()
    _world(boss)
    set_target(name, date(2026, 1, 1), date(2026, 12, 31), 50, by=boss)
    _page(client, boss, name, **MARCH)
    with django_assert_max_num_queries(32), translation.override(language):
        page = _page(client, boss, name, **MARCH)
    assert page.status_code == 200
    assert ("Цель" if language == "ru" else "Target") in page.content.decode()


def test_the_index_leads_to_the_first_figure(client, boss):
    client.force_login(boss)
    assert client.get(reverse("analytics:index"))["Location"] == reverse("analytics:show", args=["retention"])
    assert client.get(reverse("analytics:show", args=["nothing"])).status_code == 404
    assert client.post(reverse("analytics:show", args=["revenue"])).status_code == 405
    assert json.loads(json.dumps(kpis.as_json(kpis.KPIS[0], date(2026, 3, 1), date(2026, 4, 1))))["value"] is None
