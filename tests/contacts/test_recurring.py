"""What repeats: few rows, right times, and the three ways to change it."""

from datetime import UTC, datetime, timedelta

import pytest

from contacts.models import Recurrence, Task
from contacts.services import next_steps, occurrences, people, series, tasks
from crm import recurrence as rules

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 23, 7, 0, tzinfo=UTC)  # a Monday, 8:00 in Berlin


@pytest.fixture(autouse=True)
def _morning(workspace, time_machine):
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def ann(alice):
    return people.create_contact(by=alice, first_name="Ann", last_name="Lee")


@pytest.fixture
def weekly(alice, ann):
    """Every Monday at nine in Berlin for half an hour."""
    return _repeat(alice, ann, "FREQ=WEEKLY")


def _repeat(alice, ann, rule, due=NOW + timedelta(hours=1), remind=(15,)):
    ends = due + timedelta(minutes=30)
    task = tasks.create_task(
        owner=alice, by=alice, title="Round", kind="meeting", contact=ann, due_at=due, ends_at=ends, remind=remind
    )
    occurrences.begin(task, rule, "Europe/Berlin", minutes_before=remind)
    return task


def _rows():
    return [(t.slot, f"{t.due_at:%m-%dT%H:%M}", t.is_open) for t in Task.objects.order_by("due_at")]


def _change(task, scope, by, *, wall=None, rule=None, minutes=30, **values):
    task.refresh_from_db()
    wall = wall or rules.slot_of(task.slot)
    return series.change(task, scope, values, wall=wall, minutes=minutes, rule=rule, minutes_before=[15], by=by)


def _virtual(start, end):
    found = occurrences.virtual(Recurrence.objects.filter(next_at__isnull=False), start, end)
    return [f"{task.due_at:%m-%dT%H:%M}" for task in found]


def test_done_makes_the_next_one_at_the_same_hour_across_summer_time(weekly, alice, ann):
    assert _rows() == [("2026-03-23T09:00", "03-23T08:00", True)]

    tasks.finish_task(weekly, by=alice)

    assert _rows() == [("2026-03-23T09:00", "03-23T08:00", False), ("2026-03-30T09:00", "03-30T07:00", True)]
    made = Task.objects.get(slot="2026-03-30T09:00")
    assert (made.ends_at - made.due_at, made.contact, made.owner) == (timedelta(minutes=30), ann, alice)
    assert [r.due_at for r in made.reminders.all()] == [datetime(2026, 3, 30, 6, 45, tzinfo=UTC)]
    ann.refresh_from_db()
    assert ann.next_step_at == made.due_at


def test_done_twice_and_two_sweeps_make_one(weekly, alice):
    tasks.finish_task(weekly, by=alice)
    tasks.finish_task(weekly, by=alice)
    for _n in range(2):
        for row in occurrences.due_rows(NOW):
            occurrences.make_next(row)

    assert Task.objects.count() == 2


def test_a_long_silence_leaves_one_row_not_twenty(alice, ann, time_machine):
    _repeat(alice, ann, "FREQ=DAILY")
    later = datetime(2026, 4, 20, 12, 0, tzinfo=UTC)
    time_machine.move_to(later, tick=False)

    for row in occurrences.due_rows(later):
        occurrences.make_next(row)

    # The last that passed is owed, the next two lie within the day that reminders need.
    assert [slot for slot, _due, _open in _rows()] == ["2026-03-23T09:00", "2026-04-20T09:00", "2026-04-21T09:00"]


def test_the_calendar_shows_what_is_no_row_yet(weekly):
    assert _virtual(datetime(2026, 4, 1, tzinfo=UTC), datetime(2026, 4, 20, 7, 0, tzinfo=UTC)) == [
        "04-06T07:00",
        "04-13T07:00",
    ]
    # An occurrence under way at the beginning of the range is in it.
    assert _virtual(datetime(2026, 4, 6, 7, 15, tzinfo=UTC), datetime(2026, 4, 6, 8, tzinfo=UTC)) == ["04-06T07:00"]
    assert Task.objects.count() == 1


def test_touching_an_occurrence_makes_it_a_row_and_only_what_the_rule_has(weekly):
    row = weekly.recurrence
    task = occurrences.occurrence(row, "2026-04-13T09:00")

    assert task == occurrences.occurrence(row, "2026-04-13T09:00")
    assert _virtual(datetime(2026, 4, 1, tzinfo=UTC), datetime(2026, 4, 21, tzinfo=UTC)) == [
        "04-06T07:00",
        "04-20T07:00",
    ]
    for wrong in ("2026-04-14T09:00", "2026-04-13T10:00", "x"):
        with pytest.raises(ValueError, match=wrong):
            occurrences.occurrence(row, wrong)


def test_one_occurrence_is_taken_out_and_does_not_come_back(weekly, alice):
    tasks.delete_task(occurrences.occurrence(weekly.recurrence, "2026-03-30T09:00"), by=alice)

    assert _virtual(datetime(2026, 3, 24, tzinfo=UTC), datetime(2026, 4, 7, tzinfo=UTC)) == ["04-06T07:00"]
    with pytest.raises(ValueError, match="03-30"):
        occurrences.occurrence(weekly.recurrence, "2026-03-30T09:00")


def test_this_one_alone_is_moved_without_the_others(weekly, alice):
    tasks.set_due(weekly, NOW + timedelta(days=1), by=alice)
    tasks.finish_task(weekly, by=alice)

    assert _rows()[1][:2] == ("2026-03-30T09:00", "03-30T07:00")


def test_this_and_following_leave_what_was_before(weekly, alice):
    tasks.finish_task(weekly, by=alice)
    second = Task.objects.get(slot="2026-03-30T09:00")
    third = occurrences.occurrence(weekly.recurrence, "2026-04-06T09:00")

    _change(third, "following", alice, wall=datetime(2026, 4, 6, 11, 30), title="Long round", minutes=60)

    assert _rows() == [
        ("2026-03-23T09:00", "03-23T08:00", False),
        ("2026-03-30T09:00", "03-30T07:00", True),
        ("2026-04-06T11:30", "04-06T09:30", True),
    ]
    third.refresh_from_db()
    assert (third.title, third.minutes, third.pk) == ("Long round", 60, third.pk)
    second.refresh_from_db()
    assert second.title == "Round"
    assert _virtual(datetime(2026, 4, 7, tzinfo=UTC), datetime(2026, 4, 21, tzinfo=UTC)) == [
        "04-13T09:30",
        "04-20T09:30",
    ]
    assert {row.rule for row in Recurrence.objects.all()} == {"FREQ=WEEKLY;UNTIL=20260405T235959", "FREQ=WEEKLY"}


@pytest.mark.parametrize("rule", [None, "FREQ=DAILY;COUNT=5"])
def test_a_counted_rule_shares_its_count_between_the_parts(alice, ann, rule):
    task = _repeat(alice, ann, "FREQ=DAILY;COUNT=5")
    third = occurrences.occurrence(task.recurrence, "2026-03-25T09:00")

    row = _change(third, "following", alice, wall=datetime(2026, 3, 25, 10), rule=rule)

    # Also where the form gives the rule as it was, with all that it counts.
    assert row.rule == "FREQ=DAILY;COUNT=3"
    # The one between that nobody touched is still to come.
    assert _virtual(NOW, NOW + timedelta(days=30)) == ["03-24T08:00", "03-26T09:00", "03-27T09:00"]


def test_all_are_changed_and_what_is_done_stays(weekly, alice, ann):
    tasks.finish_task(weekly, by=alice)
    second = Task.objects.get(slot="2026-03-30T09:00")

    _change(second, "all", alice, wall=datetime(2026, 3, 30, 8, 0), title="Early")

    assert _rows() == [("2026-03-23T09:00", "03-23T08:00", False), ("2026-03-30T08:00", "03-30T06:00", True)]
    assert list(Task.objects.order_by("due_at").values_list("title", flat=True)) == ["Round", "Early"]
    assert _virtual(datetime(2026, 4, 1, tzinfo=UTC), datetime(2026, 4, 7, tzinfo=UTC)) == ["04-06T06:00"]
    ann.refresh_from_db()
    assert ann.next_step == "Early"


def test_a_new_rule_drops_the_open_rows_it_does_not_have(weekly, alice):
    occurrences.occurrence(weekly.recurrence, "2026-03-30T09:00")

    _change(weekly, "all", alice, rule="FREQ=WEEKLY;INTERVAL=2")

    assert [slot for slot, _due, _open in _rows()] == ["2026-03-23T09:00"]
    assert _virtual(NOW, datetime(2026, 4, 21, tzinfo=UTC)) == ["04-06T07:00", "04-20T07:00"]


@pytest.mark.parametrize(("scope", "left"), [("following", ["2026-03-23T09:00"]), ("all", [])])
def test_a_rule_ends_before_an_occurrence_or_as_a_whole(weekly, alice, ann, scope, left):
    second = occurrences.occurrence(weekly.recurrence, "2026-03-30T09:00")

    series.delete(second, scope, by=alice)

    assert [slot for slot, _due, _open in _rows()] == left
    assert _virtual(NOW, NOW + timedelta(days=60)) == []
    ann.refresh_from_db()
    assert ann.next_step == ("Round" if left else "")


def test_the_31st_and_leap_days_keep_their_month(alice, ann):
    rule = rules.build("MONTHLY", datetime(2026, 1, 31, 9))
    _repeat(alice, ann, rule, due=datetime(2026, 1, 31, 8, tzinfo=UTC))

    found = _virtual(datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC))
    assert found == ["02-28T08:00", "03-31T07:00", "04-30T07:00", "05-31T07:00"]


def test_every_way_to_touch_a_task_keeps_the_cards_right(alice, bob, ann):
    ann.company = people.set_company(ann, "Acme", by=alice)
    task = tasks.create_task(owner=alice, by=alice, title="Call", contact=ann, company=ann.company, due_at=NOW)

    def cards():
        ann.refresh_from_db()
        ann.company.refresh_from_db()
        assert next_steps.mend() == 0
        return (ann.next_step, ann.next_step_at, ann.company.next_step)

    assert cards() == ("Call", NOW, "Acme" and "Call")
    tasks.set_due(task, NOW + timedelta(days=1), by=alice)
    assert cards() == ("Call", NOW + timedelta(days=1), "Call")
    tasks.delegate_task(task, bob, by=alice)
    tasks.finish_task(task, by=bob)
    assert cards() == ("", None, "")
    tasks.reopen_task(task, by=bob)
    assert cards()[0] == "Call"
    tasks.delete_task(task, by=alice)
    assert cards() == ("", None, "")


def test_what_was_changed_past_the_services_is_mended(alice, ann):
    task = tasks.create_task(owner=alice, by=alice, title="Call", contact=ann, due_at=NOW)
    Task.objects.filter(pk=task.pk).update(title="Visit", due_at=NOW + timedelta(hours=2))

    assert next_steps.mend() == 1

    ann.refresh_from_db()
    assert (ann.next_step, ann.next_step_at) == ("Visit", NOW + timedelta(hours=2))
