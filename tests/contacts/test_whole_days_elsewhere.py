"""Whole days that somebody in another time zone touches: they stay the days that they are."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from contacts.models import CalendarFeed, Recurrence, Task
from contacts.services import feed, occurrences, tasks

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 25, 9, 0, tzinfo=UTC)  # a Wednesday
BERLIN = "Europe/Berlin"
THURSDAY, EVENING = date(2026, 3, 26), datetime(2026, 3, 26, 16, 0, tzinfo=UTC)  # five o'clock in Berlin


@pytest.fixture(autouse=True)
def _morning(workspace, time_machine, alice):
    time_machine.move_to(NOW, tick=False)
    alice.time_zone = BERLIN
    alice.save()


@pytest.fixture
def watch(alice):
    """A whole Thursday, not repeated yet."""
    return tasks.create_task(owner=alice, by=alice, title="Watch", kind="task", due_at=EVENING, day_on=THURSDAY)


@pytest.fixture
def weekly(watch):
    """Every Thursday; the next one is a row already."""
    occurrences.begin(watch, "FREQ=WEEKLY;BYDAY=TH", BERLIN)
    occurrences.occurrence(watch.recurrence, "2026-04-02T17:00")
    return watch


@pytest.fixture(params=["Pacific/Kiritimati", "Pacific/Pago_Pago", "America/New_York", "Asia/Yekaterinburg"])
def bob_far_away(request, client, bob):
    bob.time_zone = request.param
    bob.save()
    client.force_login(bob)
    return bob


def _save(client, task, **changed):
    """The form as it is shown, with what was changed in it."""
    form = client.get(task.get_absolute_url()).context["form"]
    shown = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()}
    data = {name: value for name, value in shown.items() if value not in (None, False)} | changed
    answer = client.post(task.get_absolute_url(), data)
    assert answer.status_code == 302, answer.context["form"].errors


def _rows():
    return list(Task.objects.order_by("slot").values_list("slot", "day_on", "due_at", "title"))


@pytest.mark.parametrize("scope", ["all", "following"])
def test_what_repeats_stays_on_its_days(client, weekly, bob_far_away, scope):
    second = Task.objects.get(slot="2026-04-02T17:00")

    _save(client, second, scope=scope, title="Guard")

    assert _rows() == [
        ("2026-03-26T17:00", THURSDAY, EVENING, "Guard" if scope == "all" else "Watch"),
        ("2026-04-02T17:00", date(2026, 4, 2), datetime(2026, 4, 2, 15, 0, tzinfo=UTC), "Guard"),
    ]
    row = Recurrence.objects.get(title="Guard")
    assert (row.rule, row.zone, row.next_slot) == ("FREQ=WEEKLY;BYDAY=TH", BERLIN, "2026-04-09T17:00")


def test_another_day_for_all_is_that_day(client, weekly, bob_far_away):
    _save(client, weekly, scope="all", due_on="2026-03-27", days=["FR"])

    assert [(slot, day) for slot, day, _due, _title in _rows()] == [
        ("2026-03-27T17:00", date(2026, 3, 27)),
        ("2026-04-03T17:00", date(2026, 4, 3)),
    ]


@pytest.mark.parametrize("scope", ["one", None])
def test_one_whose_day_stays_keeps_its_evening(client, request, bob_far_away, scope):
    task = request.getfixturevalue("weekly" if scope else "watch")

    _save(client, task, title="Guard", **({"scope": scope} if scope else {}))

    task.refresh_from_db()
    assert (task.title, task.day_on, task.due_at, task.revision) == ("Guard", THURSDAY, EVENING, 1)


def test_one_that_begins_to_repeat_there_repeats_on_its_day(client, watch, bob_far_away):
    _save(client, watch, repeat="WEEKLY")

    row = Recurrence.objects.get()
    assert (row.starts, row.zone) == ("2026-03-26T17:00", bob_far_away.time_zone)
    assert [str(slot) for slot, *_rest in _rows()] == ["2026-03-26T17:00"]
    assert row.next_slot == "2026-04-02T17:00"


def test_one_dragged_away_and_back_there_says_nothing_new_outside(client, weekly, alice, bob_far_away):
    for day in ("2026-03-27", "2026-03-26"):
        answer = client.post(reverse("contacts:task_move", args=[weekly.pk]), {"day": day})
        assert json.loads(answer["HX-Trigger"])["toast"]["text"] == "Moved: Watch"

    text = feed.of_user(CalendarFeed.of_token(CalendarFeed.make(alice, shows_details=True))).decode()

    assert text.count("BEGIN:VEVENT") == 1
    assert "DTSTART;VALUE=DATE:20260326" in text


def test_an_hour_in_another_zone_is_the_hour_of_the_rule(client, alice, bob):
    """Bob sees Alice's Thursday at one in the night as Wednesday evening; saved, it stays hers."""
    due = datetime(2026, 3, 26, 0, 0, tzinfo=UTC)
    task = tasks.create_task(owner=alice, by=alice, title="Backup", due_at=due)
    occurrences.begin(task, "FREQ=MONTHLY;BYDAY=4TH", BERLIN)
    bob.time_zone = "America/New_York"
    bob.save()
    client.force_login(bob)

    _save(client, task, scope="all", title="Copy")

    row = Recurrence.objects.get()
    assert (row.title, row.starts, row.rule) == ("Copy", "2026-03-26T01:00", "FREQ=MONTHLY;BYDAY=-1TH")


def test_tomorrow_is_the_next_day_until_the_end_of_work_there(watch, bob_far_away):
    with timezone.override(bob_far_away.time_zone):
        tasks.snooze_task(watch, by=bob_far_away)
        tomorrow = timezone.localdate() + timedelta(days=1)

        watch.refresh_from_db()

        assert watch.day_on == tomorrow
        assert f"{timezone.localtime(watch.due_at):%Y-%m-%dT%H:%M}" == f"{tomorrow}T17:00"
