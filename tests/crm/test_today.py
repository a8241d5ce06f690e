"""The first page: the queue, what is done of it, acts with a way back, and a side for each role."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from contacts.models import Task
from contacts.services import tasks
from crm import registry
from deals.models import Deal, Pipeline
from tests import factories


@pytest.fixture
def call(workspace, alice):
    """Alice is to call Jonas at nine o'clock."""
    contact = factories.contact("Jonas", "Weber", owner=alice, team=alice.team)
    due = timezone.now().replace(hour=9, minute=0, second=0, microsecond=0)
    return tasks.create_task(owner=alice, title="Call Jonas", contact=contact, due_at=due, kind="call")


def _panel(client, name):
    return client.get(reverse("panel", args=["today", name, 0]))


def test_what_is_done_is_counted_beside_what_is_to_do(client, alice, call):
    client.force_login(alice)
    tasks.create_task(owner=alice, title="Write", due_at=timezone.now())
    tasks.create_task(owner=alice, title="Next week", due_at=timezone.now() + timedelta(days=7))
    assert (client.get("/").context["done"], client.get("/").context["all"]) == (0, 2)

    client.post(reverse("contacts:task_done", args=[call.pk]), {"next": "/"})

    shown = client.get("/")
    assert (shown.context["done"], shown.context["all"]) == (1, 2)
    assert "1 of 2 done" in shown.content.decode()


@pytest.mark.parametrize("verb", ["done", "snooze"])
def test_an_act_in_the_queue_can_be_taken_back_and_stays_on_the_page(client, alice, call, verb):
    client.force_login(alice)
    answer = client.post(reverse(f"contacts:task_{verb}", args=[call.pk]), {"next": "/"})
    assert answer["Location"] == "/"
    toast = next(iter(client.get("/").context["messages"]))

    back = client.post(toast.extra_tags.removeprefix("undo:"), headers={"HX-Request": "true"})

    assert back["HX-Redirect"] == "/"
    task = Task.objects.get(pk=call.pk)
    assert (task.done_at, task.due_at) == (None, call.due_at)


@pytest.mark.parametrize("due", ["yesterday", "2026-13-40T00:00:00", "2026-11-02T09:00:00"])
def test_a_due_time_that_is_none_is_refused(client, alice, call, due):
    client.force_login(alice)

    assert client.post(f"{reverse('contacts:task_unsnooze', args=[call.pk])}?due={due}").status_code == 400
    assert Task.objects.get(pk=call.pk).due_at == call.due_at


@pytest.mark.parametrize(("who", "status"), [("carol", 403), ("mallory", 404)])
def test_others_may_not_move_it(request, client, call, who, status):
    client.force_login(request.getfixturevalue(who))

    assert client.post(reverse("contacts:task_unsnooze", args=[call.pk])).status_code == status
    assert Task.objects.get(pk=call.pk).due_at == call.due_at


def test_the_side_shows_what_is_coming_but_not_today(client, alice, call):
    client.force_login(alice)
    tasks.create_task(owner=alice, title="Meet Jonas", due_at=timezone.now() + timedelta(days=3), kind="meeting")

    shown = _panel(client, "coming").content.decode()

    assert "Meet Jonas" in shown
    assert "Call Jonas" not in shown


def test_the_team_is_for_those_who_work_on_all_of_it(client, alice, bob, call):
    Task.objects.update(due_at=timezone.now() - timedelta(days=1))
    client.force_login(bob)
    shown = _panel(client, "team").content.decode()
    assert "Alice" in shown
    assert "1 late" in shown

    client.force_login(alice)
    assert _panel(client, "team").content == b""


def test_the_month_counts_ones_own_deals_and_compares_with_the_month_before(
    client, alice, bob, workspace, time_machine
):
    time_machine.move_to("2026-11-20 12:00:00+00:00", tick=False)
    stage = Pipeline.objects.create(name="Sales").stages.create(name="New", position=0)
    for owner, amount, day in (
        (alice, 1000, "2026-11-03"),
        (alice, 400, "2026-10-10"),
        (alice, 50, "2026-10-25"),
        (bob, 7, "2026-11-04"),
    ):
        deal = Deal.objects.create(
            name="Pump",
            pipeline=stage.pipeline,
            stage=stage,
            owner=owner,
            team=owner.team,
            amount=amount,
            currency="EUR",
        )
        type(deal).objects.filter(pk=deal.pk).update(
            state="won", closed_at=f"{day} 10:00:00+00:00", amount_base=Decimal(amount)
        )
    client.force_login(alice)
    mine = " ".join(_panel(client, "pace").content.decode().split())
    client.force_login(bob)
    everybody = " ".join(_panel(client, "pace").content.decode().split())

    assert "€1,000" in mine
    assert "won with 1 deal" in mine
    assert "€600 ahead" in mine
    assert "€1,007" in everybody


def test_every_panel_is_silent_or_shown_for_everybody(request, client, workspace, call):
    for who in ("alice", "bob", "carol", "mallory", "admin"):
        user = request.getfixturevalue(who)
        client.force_login(user)
        for panel in registry.panels_for(user, "today"):
            assert _panel(client, panel.name).status_code == 200, (who, panel.name)


def test_the_page_and_its_panels_ask_little(client, bob, call, django_assert_max_num_queries):
    for i in range(20):
        tasks.create_task(owner=bob, title=f"Call {i}", due_at=timezone.now())
    client.force_login(bob)
    client.get("/")

    with django_assert_max_num_queries(24):
        client.get("/")
    for panel in registry.panels_for(bob, "today"):
        with django_assert_max_num_queries(24 if panel.name == "figures" else 13):
            _panel(client, panel.name)


def test_who_answers_for_a_team_sees_its_late_deals_with_the_owner(client, alice, bob, mallory, workspace):
    stage = Pipeline.objects.create(name="Sales").stages.create(name="New", position=0)
    deal = Deal.objects.create(
        name="Pump", pipeline=stage.pipeline, stage=stage, owner=alice, team=alice.team, amount=10, currency="EUR",
        close_on=timezone.localdate() - timedelta(days=3),
    )  # fmt: skip
    titles = {}
    for who in (alice, bob, mallory):
        items = registry.today_items(who, timezone.now())
        titles[who.get_short_name()] = [(item.title, item.why.endswith("Alice")) for item in items]

    assert titles == {"Alice": [(deal.name, False)], "Bob": [(deal.name, True)], "Mallory": []}
