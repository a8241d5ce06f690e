"""Tasks: next step of the person, done once, snoozed, handed on, in the queue of the day."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils.translation import override

from contacts.models import ActivityType, Task
from contacts.services import people, tasks
from crm import conditions, registry
from crm.models import Event, Notification

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 31, 9, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _noon(workspace, time_machine):
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def ann(alice):
    return people.create_contact(by=alice, first_name="Ann", last_name="Lee")


def _task(owner, ann, title="Call", **fields):
    return tasks.create_task(owner=owner, title=title, contact=ann, by=owner, **fields)


def test_the_earliest_open_task_is_the_next_step(alice, ann):
    later = _task(alice, ann, "Visit", due_at=NOW + timedelta(days=3))
    sooner = _task(alice, ann, "Call", due_at=NOW + timedelta(days=1))
    ann.refresh_from_db()
    assert (ann.next_step, ann.next_step_at) == ("Call", sooner.due_at)

    tasks.finish_task(sooner, by=alice)
    ann.refresh_from_db()
    assert (ann.next_step, ann.next_step_at) == ("Visit", later.due_at)

    tasks.finish_task(later, by=alice)
    ann.refresh_from_db()
    assert (ann.next_step, ann.next_step_at) == ("", None)


def test_done_counts_once_touches_the_person_and_can_be_taken_back(alice, ann):
    task = _task(alice, ann)

    assert tasks.finish_task(task, by=alice, outcome="Agreed") is True
    assert tasks.finish_task(task, by=alice) is False

    ann.refresh_from_db()
    assert ann.last_touch_at == NOW
    assert Event.objects.for_contact(ann).filter(kind="task.done").count() == 1
    tasks.reopen_task(task, by=alice)
    assert Task.objects.get().is_open


@pytest.mark.parametrize(
    ("due", "expected"),
    [
        (NOW - timedelta(days=40), datetime(2026, 4, 1, 9, 0, tzinfo=UTC)),
        (datetime(2026, 2, 28, 14, 30, tzinfo=UTC), datetime(2026, 4, 1, 14, 30, tzinfo=UTC)),
        (None, datetime(2026, 4, 1, 9, 0, tzinfo=UTC)),
    ],
)
def test_snoozed_is_the_same_hour_tomorrow(alice, ann, due, expected):
    task = _task(alice, ann, due_at=due)

    tasks.snooze_task(task, by=alice)

    task.refresh_from_db()
    assert task.due_at == expected


def test_who_gets_a_task_is_told_and_the_giver_is_not(alice, bob, ann):
    task = _task(alice, ann)
    assert not Notification.objects.exists()

    tasks.delegate_task(task, bob, by=alice)

    task.refresh_from_db()
    assert (task.owner, task.team) == (bob, bob.team)
    assert Notification.objects.get().user == bob


def test_the_same_reason_makes_one_task(alice, ann):
    assert _task(alice, ann, key="renewal:1") is not None
    assert _task(alice, ann, key="renewal:1") is None
    assert Task.objects.count() == 1


def test_today_holds_ones_own_open_tasks_late_first(alice, bob, ann):
    _task(alice, ann, "Tomorrow", due_at=NOW + timedelta(days=1))
    _task(alice, ann, "Late", due_at=NOW - timedelta(days=1))
    tasks.finish_task(_task(alice, ann, "Finished"), by=alice)
    _task(bob, ann, "Bob's")

    assert [i.title for i in registry.today_items(alice, NOW) if i.key.startswith("task:")] == ["Late", "Tomorrow"]


def test_a_task_without_hour_is_due_at_five_in_the_readers_zone(client, alice, ann):
    client.force_login(alice)
    data = {"contact": ann.pk, "kind": "call", "title": "Call", "owner": alice.pk, "due_on": "2026-04-02"}

    client.post(reverse("contacts:task_new"), data)

    assert Task.objects.get().due_at.astimezone(alice.zone if hasattr(alice, "zone") else UTC).minute == 0
    assert Task.objects.get().contact == ann


def test_after_done_one_is_back_on_a_page_of_ours_only(client, alice, ann):
    client.force_login(alice)
    task = _task(alice, ann)

    answer = client.post(reverse("contacts:task_done", args=[task.pk]), {"next": "https://evil.example/"})

    assert answer.url == task.get_absolute_url()


def test_kinds_of_ones_own_are_asked_for_shown_and_changed_in_the_list(client, alice, ann):
    demo = ActivityType.objects.create(name_en="Demo", name_ru="Показ", kind="meeting", is_active=False)
    shown = _task(alice, ann, "Show", kind="meeting", type=demo, priority=2)
    _task(alice, ann, "Ring", kind="call")
    client.force_login(alice)
    for tree, title in (
        ({"field": "type", "op": "is", "value": demo.pk}, ["Show"]),
        ({"field": "type", "op": "empty"}, ["Ring"]),
        ({"all": [{"field": "type", "op": "is", "value": demo.pk}, {"field": "priority", "op": "is", "value": 0}]}, []),
    ):
        assert [t.title for t in conditions.matching(Task.objects.all(), tree, "task", user=alice)] == title
    with override("ru"):
        asked = conditions.sentence({"field": "type", "op": "is", "value": demo.pk}, "task")
    assert "Показ" in str(asked)

    page = client.get(
        reverse("contacts:tasks"), {"filter": json.dumps({"field": "type", "op": "is", "value": demo.pk})}
    )
    assert "Demo" in page.content.decode()
    url = reverse("list_cell", args=["tasks", shown.pk, "kind"])
    client.post(url, {"kind": "call", "was": client.get(url).context["was"]})

    shown.refresh_from_db()
    assert (shown.kind, shown.type) == ("call", None)
