"""When a task is late: with an hour once that has passed, of whole days only when the last of them is over."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from contacts.models import Task
from contacts.models.task import late
from contacts.services import digest, following, next_steps, tasks
from crm import conditions
from crm.models import Delivery
from crm.templatetags.ui import due_tone

pytestmark = pytest.mark.django_db

THURSDAY = date(2026, 3, 26)
EVENING = datetime(2026, 3, 26, 16, 0, tzinfo=UTC)  # five o'clock in Berlin
FRIDAY_NOON = datetime(2026, 3, 27, 11, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _berlin(workspace, time_machine, alice):
    time_machine.move_to(datetime(2026, 3, 26, 7, 0, tzinfo=UTC), tick=False)
    alice.time_zone = "Europe/Berlin"
    alice.save()


@pytest.fixture
def three(alice, ann):
    """A call on Thursday at ten, all of Thursday, and Thursday to Saturday."""
    more = {"owner": alice, "by": alice}
    return [
        tasks.create_task(title="Call", due_at=datetime(2026, 3, 26, 9, 0, tzinfo=UTC), **more),
        tasks.create_task(title="Day", due_at=EVENING, day_on=THURSDAY, **more),
        tasks.create_task(
            title="Fair", due_at=EVENING, day_on=THURSDAY, ends_at=EVENING + timedelta(days=2), contact=ann, **more
        ),
    ]


def _today(client):
    groups = client.get(reverse("today")).context["groups"]
    return {name: sorted(item.title for item in items) for name, items in groups.items() if items}


@pytest.mark.parametrize(
    ("now", "titles", "groups", "red"),
    [
        ("2026-03-26T08:00", [], {"today": ["Call", "Day", "Fair"]}, []),
        ("2026-03-26T17:30", ["Call"], {"late": ["Call"], "today": ["Day", "Fair"]}, []),
        ("2026-03-27T11:00", ["Call", "Day"], {"late": ["Call", "Day"], "today": ["Fair"]}, ["Call", "Day"]),
        ("2026-03-28T22:30", ["Call", "Day"], {"late": ["Call", "Day"], "today": ["Fair"]}, ["Call", "Day"]),
        ("2026-03-28T23:30", ["Call", "Day", "Fair"], {"late": ["Call", "Day", "Fair"]}, ["Call", "Day", "Fair"]),
    ],
)
def test_of_several_days_it_is_late_after_the_last(client, three, alice, time_machine, now, titles, groups, red):
    """Instants in UTC; the last is Sunday in Berlin. A dot is red from the next day on, as ever."""
    time_machine.move_to(datetime.fromisoformat(now).replace(tzinfo=UTC), tick=False)
    client.force_login(alice)

    assert _today(client) == groups
    with timezone.override(alice.time_zone):
        assert sorted(Task.objects.filter(late()).values_list("title", flat=True)) == titles
        assert [task.title for task in three if due_tone(task.due_now) == "red"] == red


def test_a_whole_day_is_said_without_its_hour(client, three, alice):
    client.force_login(alice)

    text = " ".join(client.get(reverse("today")).content.decode().split())

    assert re.findall(r'<span class="q-when[^>]*> ([^<]*) </span>', text) == ["10:00", "all day", "all day"]


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
@pytest.mark.parametrize("maker", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_a_list_asks_by_the_last_day_wherever_it_was_written(three, zone, maker):
    with timezone.override(maker):
        for task in three[1:]:
            tasks.set_due(task, timezone.make_aware(datetime(2026, 3, 26, 17)), day=THURSDAY)
    three[0].delete()

    with timezone.override(zone):
        assert _due("is", "2026-03-26") == _due("before", "2026-03-27") == ["Day"]
        assert _due("is", "2026-03-27") == _due("after", "2026-03-28") == []
        assert _due("is", "2026-03-28") == ["Fair"]
        assert _due("before", "2026-03-29") == ["Day", "Fair"]
        assert _due("empty", None) == []


@pytest.mark.parametrize("maker", ["Pacific/Kiritimati", "Etc/GMT+12"])
def test_the_index_by_due_narrows_the_list_and_loses_nothing(alice, maker):
    """The longest of whole days, written and asked where the clocks are 26 hours apart, over a change to summer time."""
    with timezone.override(maker):
        for days in (1, 15):
            due_at = timezone.make_aware(datetime(2026, 3, 26, 17))
            more = {"due_at": due_at, "day_on": THURSDAY, "ends_at": due_at + timedelta(days=days - 1)}
            tasks.create_task(title=f"{days} days", owner=alice, by=alice, **more)
    last = {"1 days": date(2026, 3, 26), "15 days": date(2026, 4, 9)}

    for zone in ("Pacific/Kiritimati", "Europe/Berlin", "Etc/GMT+12"):
        with timezone.override(zone):
            for title, day in last.items():
                assert _due("is", day) == [title]
                assert title in _due("after", day - timedelta(days=1))
                assert title in _due("before", day + timedelta(days=1))
                assert title not in _due("after", day) + _due("before", day)

    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    plan = _due_rows("is", THURSDAY, zone=UTC).explain()
    assert re.findall(r"Index Cond: .*due_at >= '(\S+).*due_at < '(\S+)", plan) == [("2026-03-10", "2026-03-29")]


def _due_rows(op, value, **more):
    tree = conditions.parse({"field": "due", "op": op, "value": value and str(value)}, "task")
    return conditions.matching(Task.objects.all(), tree, "task", **more)


def _due(op, value):
    return sorted(_due_rows(op, value).values_list("title", flat=True))


def test_a_card_repeats_the_end_of_the_last_day(three, alice, ann, time_machine):
    tasks.finish_task(three[0], by=alice)
    ann.refresh_from_db()
    assert (ann.next_step, ann.next_step_at) == ("Fair", EVENING + timedelta(days=2))
    assert (next_steps.mend(), following.values(ann)) == (0, {})

    for now, tone in (
        (FRIDAY_NOON, "grey"),
        (FRIDAY_NOON + timedelta(days=1), "green"),
        (FRIDAY_NOON + timedelta(days=2), "red"),
    ):
        time_machine.move_to(now, tick=False)
        assert due_tone(ann.next_step_at) == tone


@pytest.mark.parametrize(
    ("zone", "thursday"),
    [("Pacific/Kiritimati", datetime(2026, 3, 25, 18, 0)), ("Pacific/Pago_Pago", datetime(2026, 3, 26, 19, 0))],
)
def test_the_morning_letter_counts_days_where_it_is_read(three, alice, time_machine, zone, thursday):
    """Eight o'clock there."""
    alice.time_zone = zone
    alice.save()
    three[0].delete()
    found = []
    for days in (-1, 0, 1, 4):
        time_machine.move_to(thursday.replace(tzinfo=UTC) + timedelta(days=days), tick=False)
        digest.send_due()
        text = Delivery.objects.latest("pk").text if Delivery.objects.exists() else ""
        late, _sep, today = text.partition("Due today") if "Overdue" in text else ("", "", text)
        found.append([[name for name in ("Day", "Fair") if name in part] for part in (late, today)])

    assert found == [[[], []], [[], ["Day", "Fair"]], [["Day"], ["Fair"]], [["Day", "Fair"], []]]
    assert Delivery.objects.count() == 3


@pytest.mark.parametrize(("now", "n"), [(EVENING + timedelta(hours=2), 1), (FRIDAY_NOON, 2)])
def test_the_team_is_counted_so_too(client, three, bob, time_machine, now, n):
    time_machine.move_to(now, tick=False)
    client.force_login(bob)

    text = _panel(client, "team")

    assert re.findall(r"3 open · <span class=\"red\">(\d) late", text) == [str(n)]


@pytest.mark.parametrize(
    ("zone", "now"),
    [
        ("Pacific/Kiritimati", datetime(2026, 3, 25, 9, 0, tzinfo=UTC)),
        ("Pacific/Pago_Pago", datetime(2026, 3, 26, 10, 0, tzinfo=UTC)),
    ],
)
def test_what_is_coming_is_what_begins_on_a_later_day(client, three, alice, time_machine, zone, now):
    """Wednesday evening there, then Thursday evening."""
    alice.time_zone = zone
    alice.save()
    three[0].delete()
    client.force_login(alice)
    found = []
    for days in (0, 1):
        time_machine.move_to(now + timedelta(days=days), tick=False)
        found.append([name for name in ("Day", "Fair") if name in _panel(client, "coming")])

    assert found == [["Day", "Fair"], []]


def _panel(client, name):
    answer = client.get(reverse("panel", args=["today", name, 0]))
    return " ".join(answer.content.decode().split())
