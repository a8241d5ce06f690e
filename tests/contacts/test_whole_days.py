"""What takes whole days: the same days for everybody, in the form, in the calendar, by drag and outside."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from django.urls import reverse
from icalendar import Calendar

from contacts.models import CalendarFeed, Recurrence, Task
from contacts.services import agenda, feed, occurrences, tasks
from contacts.templatetags.work import when

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 25, 9, 0, tzinfo=UTC)  # a Wednesday
BERLIN = "Europe/Berlin"


@pytest.fixture(autouse=True)
def _morning(workspace, time_machine, alice):
    time_machine.move_to(NOW, tick=False)
    alice.time_zone = BERLIN
    alice.save()


def _form(alice, **values):
    data = {
        "title": "Fair",
        "kind": "meeting",
        "owner": alice.pk,
        "due_on": "2026-03-26",
        "priority": "1",
        "whole_day": "on",
    }
    return data | values


@pytest.fixture
def fair(client, alice):
    """Thursday to Saturday."""
    client.force_login(alice)
    assert (
        client.post(
            reverse("contacts:task_new"), _form(alice, day_count="3", due_time="10:00", minutes="30")
        ).status_code
        == 302
    )
    return Task.objects.get()


def _move(client, task, **data):
    return client.post(reverse("contacts:task_move", args=[task.pk]), data, headers={"HX-Request": "true"})


def _whole(client, **query):
    days = client.get(reverse("contacts:calendar"), query).context["days"]
    return {f"{d.date:%m-%d}": [(i.task.title, i.begins) for i in d.whole] for d in days if d.whole}


def test_the_form_takes_days_instead_of_hours_and_shows_them_again(client, fair, alice):
    assert (fair.day_on, fair.days, fair.last_on) == (date(2026, 3, 26), 3, date(2026, 3, 28))
    assert fair.due_at == datetime(2026, 3, 26, 16, 0, tzinfo=UTC)  # the end of the working day in Berlin
    assert when(fair) == "26 Mar – 28 Mar"
    page = client.get(fair.get_absolute_url())
    form = page.context["form"]
    shown = {name: form.initial[name] for name in ("whole_day", "day_count", "due_on", "due_time", "minutes")}
    assert shown == {"whole_day": True, "day_count": 3, "due_on": fair.day_on, "due_time": None, "minutes": None}

    data = _form(alice, due_time="10:00", minutes="30") | {"seen": form.initial["seen"]}
    del data["whole_day"]
    client.post(fair.get_absolute_url(), data)

    fair.refresh_from_db()
    assert (fair.day_on, fair.due_at, fair.minutes) == (None, datetime(2026, 3, 26, 9, 0, tzinfo=UTC), 30)


def test_a_whole_day_wants_a_day(client, alice):
    client.force_login(alice)

    answer = client.post(reverse("contacts:task_new"), _form(alice, due_on=""))

    assert (answer.status_code, list(answer.context["form"].errors), Task.objects.count()) == (422, ["due_on"], 0)


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago", BERLIN])
@pytest.mark.parametrize("view", ["day", "week", "month"])
def test_it_is_the_same_day_everywhere(client, fair, alice, zone, view):
    alice.time_zone = zone
    alice.save()
    expected = {"03-26": [("Fair", True)], "03-27": [("Fair", False)], "03-28": [("Fair", False)]}

    found = _whole(client, view=view, day="2026-03-27")

    assert found == (expected if view != "day" else {"03-27": [("Fair", False)]})
    answer = client.get(reverse("contacts:calendar"), {"view": view, "day": "2026-03-27"})
    assert not [i for d in answer.context["days"] for i in d.items]
    assert "Fair" in answer.content.decode()


def test_dragged_up_it_takes_the_day_dragged_down_an_hour_and_undo_gives_back_both(client, fair):
    answer = _move(client, fair, start="2026-03-27T14:15")
    fair.refresh_from_db()
    assert (fair.day_on, fair.due_at, fair.minutes) == (None, datetime(2026, 3, 27, 13, 15, tzinfo=UTC), 60)

    client.post(_undo(answer))
    fair.refresh_from_db()
    assert (fair.day_on, fair.days, fair.due_at) == (date(2026, 3, 26), 3, datetime(2026, 3, 26, 16, 0, tzinfo=UTC))

    _move(client, fair, day="2026-03-30")
    fair.refresh_from_db()
    # Summer time has begun: the working day ends at five on the clock.
    assert (fair.day_on, fair.days, fair.due_at) == (date(2026, 3, 30), 3, datetime(2026, 3, 30, 15, 0, tzinfo=UTC))

    _move(client, fair, start="2026-03-31T09:00", minutes="45")
    answer = _move(client, fair, day="2026-04-01")
    fair.refresh_from_db()
    assert (fair.day_on, fair.days, fair.minutes) == (date(2026, 4, 1), 1, None)
    client.post(_undo(answer))
    fair.refresh_from_db()
    assert (fair.day_on, fair.due_at, fair.minutes) == (None, datetime(2026, 3, 31, 7, 0, tzinfo=UTC), 45)
    for wrong in ({"day": "2026-02-30"}, {"day": "x"}, {"day": "0001-01-01"}):
        assert _move(client, fair, **wrong).status_code in {400, 204}


def _undo(answer):
    return json.loads(answer["HX-Trigger"])["toast"]["undo"]


def test_tomorrow_stays_a_whole_day(client, fair, alice):
    tasks.snooze_task(fair, by=alice)

    fair.refresh_from_db()
    assert (fair.day_on, fair.days) == (date(2026, 3, 26), 3)


def test_repeated_and_outside_it_is_dates(client, fair, alice):
    occurrences.begin(fair, "FREQ=WEEKLY;COUNT=3", BERLIN)
    moved = occurrences.occurrence(Recurrence.objects.get(), "2026-04-02T17:00")
    assert (moved.day_on, moved.days, moved.due_at) == (date(2026, 4, 2), 3, datetime(2026, 4, 2, 15, 0, tzinfo=UTC))
    _move(client, moved, day="2026-04-03")

    text = feed.of_user(CalendarFeed.of_token(CalendarFeed.make(alice, shows_details=True)))

    times = [line for line in text.decode().split("\r\n") if line.startswith(("DTSTART", "DTEND", "RRULE", "RECURR"))]
    assert times == [
        "DTSTART;VALUE=DATE:20260326", "DTEND;VALUE=DATE:20260329", "RRULE:FREQ=WEEKLY;UNTIL=20260409",
        "DTSTART;VALUE=DATE:20260403", "DTEND;VALUE=DATE:20260406", "RECURRENCE-ID;VALUE=DATE:20260402",
    ]  # fmt: skip
    assert len(Calendar.from_ical(text).walk("VEVENT")) == 2
    assert _whole(client, view="month", day="2026-04-01").keys() >= {"04-03", "04-05", "04-09", "04-11"}


def test_one_that_is_no_row_yet_is_dragged_to_another_day_and_back(client, fair):
    occurrences.begin(fair, "FREQ=WEEKLY", BERLIN)
    row = Recurrence.objects.get()
    there = reverse("contacts:recurrence_occurrence", args=[row.pk])

    answer = client.post(there, {"slot": "2026-04-02T17:00", "day": "2026-04-03"}, headers={"HX-Request": "true"})

    moved = Task.objects.get(slot="2026-04-02T17:00")
    assert (answer.status_code, moved.day_on, moved.days) == (204, date(2026, 4, 3), 3)
    assert moved.due_at == datetime(2026, 4, 3, 15, 0, tzinfo=UTC)
    client.post(_undo(answer))
    moved.refresh_from_db()
    assert (moved.day_on, moved.days) == (date(2026, 4, 2), 3)
    assert client.post(there, {"slot": "2026-04-09T17:00", "day": "x"}).status_code == 400
    assert not Task.objects.filter(slot="2026-04-09T17:00").exists()


def test_all_of_it_becomes_hours_and_days_again(client, fair, alice):
    occurrences.begin(fair, "FREQ=WEEKLY", BERLIN)
    seen = client.get(fair.get_absolute_url()).context["form"].initial["seen"]
    data = _form(alice, repeat="WEEKLY", scope="all", due_time="09:00", minutes="60", seen=seen)
    del data["whole_day"]

    client.post(fair.get_absolute_url(), data)

    row, task = Recurrence.objects.get(), Task.objects.order_by("slot").first()
    assert (row.whole_day, row.minutes, task.day_on, task.slot) == (False, 60, None, "2026-03-26T09:00")


def test_a_range_is_still_few_queries(client, fair, alice, django_assert_max_num_queries):
    for n in range(12):
        tasks.create_task(
            owner=alice, by=alice, title=f"D{n}", due_at=NOW + timedelta(days=1), day_on=date(2026, 3, 26)
        )

    with django_assert_max_num_queries(26):
        page = client.get(reverse("contacts:calendar"), {"view": "month"})

    day = next(d for d in page.context["days"] if d.date == date(2026, 3, 26))
    assert (len(day.shown), len(day.all)) == (agenda.IN_MONTH - 1, 13)


def test_one_is_reminded_before_nine_and_the_list_shows_days(client, fair, alice):
    tasks.change_task(fair, {}, by=alice, remind=[0, 1440])

    due = [r.due_at for r in fair.reminders.all()]
    assert due == [datetime(2026, 3, 25, 8, 0, tzinfo=UTC), datetime(2026, 3, 26, 8, 0, tzinfo=UTC)]
    assert "26 Mar – 28 Mar" in client.get(reverse("contacts:tasks")).content.decode()


def test_a_colleague_sees_all_that_repeats_with_him(client, fair, alice, mallory):
    """Mallory is of another team and sees nothing else of Alice's."""
    guests = [{"user": mallory.pk, "name": mallory.name, "email": mallory.email}]
    tasks.set_guests(fair, guests, by=alice)
    occurrences.begin(fair, "FREQ=WEEKLY", BERLIN, people=guests)
    client.force_login(mallory)

    found = _whole(client, view="month", day="2026-04-10")

    assert {day for day, items in found.items() if items[0][1]} >= {"04-02", "04-09", "04-16"}
    text = feed.of_user(CalendarFeed.of_token(CalendarFeed.make(mallory, shows_details=False)))
    assert text.count(b"BEGIN:VEVENT") == 1
    assert b"RRULE:FREQ=WEEKLY" in text
    row = Recurrence.objects.get()
    assert (
        client.post(reverse("contacts:recurrence_occurrence", args=[row.pk]), {"slot": "2026-04-02T17:00"}).status_code
        == 403
    )


def test_a_zone_of_a_fixed_offset_repeats_too(client, alice):
    alice.time_zone = "Etc/GMT+12"
    alice.save()
    client.force_login(alice)

    answer = client.post(reverse("contacts:task_new"), _form(alice, repeat="DAILY"))

    task = Task.objects.get()
    assert (answer.status_code, task.recurrence.zone, task.slot) == (302, "Etc/GMT+12", "2026-03-26T17:00")
    assert task.due_at == datetime(2026, 3, 27, 5, 0, tzinfo=UTC)
