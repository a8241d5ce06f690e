"""The calendar: what stands where and for whom, moving, the form, the address for calendars outside."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.urls import reverse
from icalendar import Calendar

from contacts.models import ActivityType, CalendarFeed, Participant, Recurrence, Task
from contacts.services import agenda, occurrences, people, tasks
from crm.models import BusinessCalendar, SpecialDay

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 25, 9, 0, tzinfo=UTC)  # a Wednesday
BERLIN = "Europe/Berlin"


@pytest.fixture(autouse=True)
def _morning(workspace, time_machine, alice):
    time_machine.move_to(NOW, tick=False)
    alice.time_zone = BERLIN
    alice.save()


@pytest.fixture
def ann(alice):
    return people.create_contact(by=alice, first_name="Ann", last_name="Lee", email="ann@client.test")


def _at(day, hour=9, minute=0):
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


def _task(owner, due=None, minutes=30, **fields):
    due = due or _at(26)
    values = {"title": "Talk", "kind": "meeting", "due_at": due, "ends_at": due + timedelta(minutes=minutes)}
    return tasks.create_task(owner=owner, by=owner, **values | fields)


def _get(client, user, **query):
    client.force_login(user)
    return client.get(reverse("contacts:calendar"), query)


def _post(client, user, name, pk, **data):
    client.force_login(user)
    return client.post(reverse(f"contacts:{name}", args=[pk]), data, headers={"HX-Request": "true"})


def _laid(answer):
    return {
        f"{day.date:%d}": [(i.task.title, i.top, i.size, i.lane, i.lanes) for i in day.items]
        for day in answer.context["days"]
        if day.items
    }


@pytest.mark.parametrize(
    ("view", "start", "first", "last"),
    [
        ("week", 0, date(2026, 3, 23), date(2026, 3, 29)),
        ("week", 6, date(2026, 3, 22), date(2026, 3, 28)),
        ("day", 0, date(2026, 3, 25), date(2026, 3, 25)),
        ("month", 0, date(2026, 2, 23), date(2026, 4, 5)),
        ("month", 6, date(2026, 3, 1), date(2026, 4, 4)),
    ],
)
def test_a_view_shows_whole_weeks_as_the_reader_counts_them(view, start, first, last):
    found = agenda.days_of(view, date(2026, 3, 25), start)

    assert (found[0], found[-1], len(found)) == (first, last, (last - first).days + 1)


def test_entries_stand_on_the_readers_clock_side_by_side_and_over_midnight(client, alice):
    _task(alice, _at(26, 9, 0), 60, title="Long")
    _task(alice, _at(26, 9, 30), 30, title="Beside")
    _task(alice, _at(26, 10, 0), 30, title="After")
    _task(alice, _at(27, 22, 30), 120, title="Night")

    # 9:00 UTC is 10:00 in Berlin: the fortieth quarter. Sunday's clock change is not yet there.
    assert _laid(_get(client, alice)) == {
        "26": [("Long", 40, 4, 0, 2), ("Beside", 42, 2, 1, 2), ("After", 44, 2, 0, 1)],
        "27": [("Night", 94, 2, 0, 1)],
        "28": [("Night", 0, 6, 0, 1)],
    }


def test_what_repeats_is_shown_without_rows_and_across_summer_time(client, alice):
    task = _task(alice, _at(23, 8, 0), 30, title="Round")
    occurrences.begin(task, "FREQ=DAILY", BERLIN)

    answer = _get(client, alice, day="2026-03-30")

    assert [items[0][1] for items in _laid(answer).values()] == [36] * 7
    assert Task.objects.count() == 1


def test_hours_of_nobody_and_holidays_are_shaded(client, alice):
    calendar = BusinessCalendar.objects.create(name="Berlin", time_zone=BERLIN, week="0-4 09:00-13:00 14:00-18:00")
    SpecialDay.objects.create(calendar=calendar, day="2026-03-27", name="Holiday")

    days = _get(client, alice).context["days"]

    assert days[0].off == [(0, 36), (52, 4), (72, 24)]
    assert (days[4].off, days[4].holiday) == ([(0, 96)], "Holiday")
    assert days[6].off == [(0, 96)]


def test_one_range_takes_few_queries_however_much_stands_in_it(client, alice, ann, django_assert_max_num_queries):
    for n in range(30):
        task = _task(alice, _at(23 + n % 5, 7 + n % 8), title=f"T{n}", contact=ann)
        if n % 10 == 0:
            occurrences.begin(task, "FREQ=WEEKLY", BERLIN)
    client.force_login(alice)

    with django_assert_max_num_queries(26):
        assert client.get(reverse("contacts:calendar"), {"view": "month"}).status_code == 200


def test_whose_calendar_one_may_look_into(client, alice, bob, carol, mallory):
    _task(bob, title="Bob's")
    private = _task(alice, title="Alice's")

    assert [p.name for p in agenda.people_for(alice)] == ["Alice"]
    assert _get(client, alice, who=str(bob.pk)).status_code == 404
    assert _laid(_get(client, alice, who="team")) == {"26": [("Alice's", 40, 2, 0, 1)]}
    assert [row[0] for row in _laid(_get(client, bob, who="team"))["26"]] == ["Bob's", "Alice's"]
    assert _laid(_get(client, mallory, who="team")) == {}
    # Who takes part sees it, but not the customer whom he may not see.
    private.contact = people.create_contact(by=bob, first_name="Secret", last_name="Client", owner=bob)
    private.save()
    Participant.objects.create(task=private, user=mallory, name="Mallory", email=mallory.email)
    answer = _get(client, mallory)
    assert [row[0] for row in _laid(answer)["26"]] == ["Alice's"]
    assert "Secret" not in answer.content.decode()
    assert "Secret" not in client.get(private.get_absolute_url()).content.decode()


def test_a_move_says_so_and_can_be_taken_back(client, alice):
    task = _task(alice)

    answer = _post(client, alice, "task_move", task.pk, start="2026-03-27T14:15", minutes="60")

    task.refresh_from_db()
    assert (task.due_at, task.minutes) == (_at(27, 13, 15), 60)
    assert answer.status_code == 204
    assert '"calendar:changed"' in answer["HX-Trigger"]
    undo = answer["HX-Trigger"].split('"undo": "')[1].split('"')[0]
    client.post(undo)
    task.refresh_from_db()
    assert (task.due_at, task.minutes) == (_at(26), 30)


@pytest.mark.parametrize("data", [{}, {"start": "x"}, {"start": "2026-03-27T14:15", "minutes": "-5"},
                                  {"start": "2026-03-27T14:15", "minutes": "99999"}, {"start": "0001-01-01T00:00"}])  # fmt: skip
def test_a_place_that_is_none_moves_nothing(client, alice, data):
    task = _task(alice)

    assert _post(client, alice, "task_move", task.pk, **data).status_code in {400, 204}

    if "start" not in data or data["start"] != "0001-01-01T00:00":
        task.refresh_from_db()
        assert task.due_at == _at(26)


def test_only_who_may_change_it_moves_it(client, alice, carol, mallory):
    task = _task(alice)
    row = occurrences.begin(task, "FREQ=DAILY", BERLIN)
    for user, status in ((carol, 403), (mallory, 404)):
        assert _post(client, user, "task_move", task.pk, start="2026-03-27T14:15").status_code == status
        assert _post(client, user, "recurrence_occurrence", row.pk, slot="2026-03-27T10:00").status_code == status
        assert _post(client, user, "task_delete", task.pk).status_code == status
    assert list(Task.objects.values_list("due_at", flat=True)) == [_at(26)]


def test_an_occurrence_is_opened_or_moved_alone(client, alice):
    row = occurrences.begin(_task(alice), "FREQ=DAILY", BERLIN)

    moved = _post(client, alice, "recurrence_occurrence", row.pk, slot="2026-03-28T10:00", start="2026-03-28T12:00")
    opened = _post(client, alice, "recurrence_occurrence", row.pk, slot="2026-03-30T10:00")

    assert moved.status_code == 204
    assert Task.objects.get(slot="2026-03-28T10:00").due_at == _at(28, 11)
    assert opened["HX-Redirect"] == Task.objects.get(slot="2026-03-30T10:00").get_absolute_url()
    assert _post(client, alice, "recurrence_occurrence", row.pk, slot="2026-03-28T11:00").status_code == 404


def _form(**data):
    return {
        "kind": "meeting", "title": "Round", "due_on": "2026-03-26", "due_time": "10:00", "minutes": "45", "interval": "1",
        "priority": "2", "place": "Room 4",
    } | data  # fmt: skip


def test_the_form_plans_with_guests_reminders_and_a_rule(client, alice, bob, ann):
    client.force_login(alice)
    demo = ActivityType.objects.create(
        name_en="Demo", name_ru="Показ", kind="meeting", colour="green", icon="presentation"
    )
    data = _form(
        owner=alice.pk, kind=f"t{demo.pk}", about="contact", of=ann.pk, remind=["15", "1440"], colleagues=[bob.pk],
        guests="Ann@Client.test, new@x.test", repeat="WEEKLY", days=["TH", "MO"], count="4",
    )  # fmt: skip

    answer = client.post(reverse("contacts:task_new"), data)

    task = Task.objects.get(recurrence__isnull=False, slot="2026-03-26T10:00")
    assert answer.url == ann.get_absolute_url()
    assert (task.kind, task.type, task.minutes, task.place, task.priority) == ("meeting", demo, 45, "Room 4", 2)
    assert (task.icon, task.colour, task.kind_name, task.due_at) == ("presentation", "green", "Demo", _at(26))
    assert Recurrence.objects.get().rule == "FREQ=WEEKLY;BYDAY=MO,TH;COUNT=4"
    assert sorted(r.minutes for r in task.reminders.all()) == [15, 1440]
    assert [(p.email, p.user, p.contact) for p in task.participants.all()] == [
        ("bob@example.com", bob, None), ("ann@client.test", None, ann), ("new@x.test", None, None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"due_on": "", "repeat": "DAILY"}, "due_on"),
        ({"guests": "not an address"}, "guests"),
        ({"repeat": "DAILY", "until": "2026-03-01"}, "until"),
        ({"repeat": "DAILY", "until": "2026-04-01", "count": "3"}, "count"),
        ({"kind": "t999"}, "kind"),
        ({"title": "a\nb"}, "title"),
    ],
)
def test_wrong_input_is_said_and_kept(client, alice, data, field):
    client.force_login(alice)

    answer = client.post(reverse("contacts:task_new"), _form(owner=alice.pk, **data))

    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert "Room 4" in answer.content.decode()
    assert not Task.objects.exists()


def test_two_who_save_at_once_notice_each_other(client, alice):
    task = _task(alice)
    client.force_login(alice)
    seen = client.get(task.get_absolute_url()).context["form"].initial["seen"]
    tasks.change_task(task, {"title": "Changed by Bob"}, by=alice)

    first = client.post(task.get_absolute_url(), _form(owner=alice.pk, seen=seen))
    task.refresh_from_db()
    assert (first.status_code, task.title) == (422, "Changed by Bob")
    again = client.post(task.get_absolute_url(), _form(owner=alice.pk, seen=first.context["form"].data["seen"]))

    task.refresh_from_db()
    assert (again.status_code, task.title) == (302, "Round")


def test_done_with_a_result_and_the_next_step_on_the_same_person(client, alice, ann):
    task = _task(alice, contact=ann)
    client.force_login(alice)
    url = reverse("contacts:task_done", args=[task.pk])

    refused = client.post(url, {"outcome": "Agreed", "next_title": "Send the offer"})
    assert (refused.status_code, Task.objects.get().is_open) == (422, True)
    client.post(
        url, {"outcome": "Agreed", "next_title": "Send the offer", "next_kind": "mail", "next_on": "2026-03-30"}
    )

    task.refresh_from_db()
    ann.refresh_from_db()
    assert (task.outcome, task.is_open) == ("Agreed", False)
    assert (ann.next_step, ann.next_step_at) == ("Send the offer", datetime(2026, 3, 30, 15, 0, tzinfo=UTC))


def test_following_ones_are_changed_through_the_form(client, alice):
    task = _task(alice)
    occurrences.begin(task, "FREQ=DAILY", BERLIN)
    client.force_login(alice)
    second = occurrences.occurrence(Recurrence.objects.get(), "2026-03-28T10:00")

    answer = client.post(
        second.get_absolute_url(),
        _form(owner=alice.pk, due_on="2026-03-28", due_time="11:00", repeat="DAILY", scope="following"),
    )

    assert answer.url == second.get_absolute_url()
    assert _laid(_get(client, alice, day="2026-03-25")) == {
        "26": [("Talk", 40, 2, 0, 1)],
        "27": [("Talk", 40, 2, 0, 1)],
        "28": [("Round", 44, 3, 0, 1)],
        "29": [("Round", 44, 3, 0, 1)],
    }


def test_a_colleague_answers_for_himself_only(client, alice, bob):
    task = _task(alice)
    tasks.set_guests(task, [{"user": bob.pk, "name": "Bob", "email": bob.email}], by=alice)

    assert _post(client, alice, "task_answer", task.pk, answer="declined").status_code == 403
    assert _post(client, bob, "task_answer", task.pk, answer="nonsense").status_code == 400
    _post(client, bob, "task_answer", task.pk, answer="tentative")

    assert Participant.objects.get().answer == "tentative"


def _feed(client, user, details):
    client.force_login(user)
    data = {"details": "on"} if details else {}
    url = client.post(reverse("contacts:calendar_address"), data).context["url"]
    client.logout()
    return url


def _entries(client, url):
    answer = client.get("/" + url.split("/", 3)[3])
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/calendar; charset=utf-8")
    assert max(len(line) for line in answer.content.split(b"\r\n")) <= 75
    return Calendar.from_ical(answer.content).walk("VEVENT")


def test_the_secret_address_shows_ones_own_calendar_in_utc(client, alice, bob, ann):
    task = _task(alice, title="Preis, Rabatt; und mehr — " + "я" * 60, contact=ann, note="a\r\nb", place="Room 4")
    _task(bob, title="Bob's")
    row = occurrences.begin(_task(alice, _at(27, 8), title="Round"), "FREQ=WEEKLY;COUNT=3", BERLIN)

    found = {str(e["SUMMARY"]): e for e in _entries(client, _feed(client, alice, details=True))}

    entry = found[task.title]
    assert (entry.decoded("DTSTART"), entry.decoded("DTEND")) == (_at(26), _at(26, 9, 30))
    assert (str(entry["DESCRIPTION"]), str(entry["LOCATION"])) == ("Ann Lee\na\nb", "Room 4")
    assert (found["Round"].decoded("DTSTART"), found["Round"]["RRULE"]["UNTIL"]) == (
        _at(27, 8),
        [datetime(2026, 4, 10, 7, tzinfo=UTC)],
    )
    assert (len(found), row.occurrences.count()) == (2, 1)


def test_without_details_only_the_kind_is_shown_outside(client, alice, ann):
    _task(alice, title="Secret plan", contact=ann, note="Price 900", place="Room 4")

    (entry,) = _entries(client, _feed(client, alice, details=False))

    assert str(entry["SUMMARY"]) == "Meeting"
    assert not {"DESCRIPTION", "LOCATION", "URL"} & set(entry)


def test_a_new_address_makes_the_old_one_void_and_so_does_stopping_it(client, alice):
    first = _feed(client, alice, details=True)
    second = _feed(client, alice, details=True)
    assert client.get("/" + first.split("/", 3)[3]).status_code == 404
    assert _entries(client, second) == []
    # Only a hash is kept.
    assert second.split("/")[-1].removesuffix(".ics") not in str(CalendarFeed.objects.values().get())

    client.force_login(alice)
    client.post(reverse("contacts:calendar_address"), {"void": "1"})
    assert client.get("/" + second.split("/", 3)[3]).status_code == 404
    assert client.get(reverse("contacts:calendar_feed", args=["x" * 43])).status_code == 404


def test_who_left_the_company_has_no_calendar_outside(client, alice):
    url = _feed(client, alice, details=True)
    alice.is_active = False
    alice.save()

    assert client.get("/" + url.split("/", 3)[3]).status_code == 404
