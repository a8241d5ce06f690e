"""Playbooks: steps with offsets become tasks, follow one another, stop, and are copies of their template."""

from datetime import UTC, datetime, timedelta

import pytest

from contacts.models import Playbook, PlaybookRun, Task
from contacts.services import people, playbooks, tasks
from crm import outbox
from crm.models import BusinessCalendar, Event, SpecialDay

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 12, 23, 9, 0, tzinfo=UTC)  # a Wednesday before Christmas


@pytest.fixture(autouse=True)
def _morning(workspace, time_machine):
    time_machine.move_to(NOW, tick=False)
    calendar = BusinessCalendar.objects.create(name="Berlin", time_zone="Europe/Berlin")
    for day in ("2026-12-25", "2026-12-24"):
        SpecialDay.objects.create(calendar=calendar, day=day)


@pytest.fixture
def ann(alice):
    return people.create_contact(by=alice, first_name="Ann", last_name="Lee", owner=alice)


@pytest.fixture
def welcome(bob):
    """Call in an hour, write two business days later, visit three days after the letter."""
    book = Playbook.objects.create(name="Welcome")
    book.steps.create(position=1, title="Call", kind="call")
    book.steps.create(position=2, title="Write", kind="mail", days=2, doer="starter")
    book.steps.create(position=3, title="Visit", days=3, in_business_days=False, after=2, doer="person", person=bob)
    return book


def _open():
    rows = Task.objects.filter(done_at=None).order_by("due_at")
    return [(task.title, f"{task.due_at:%m-%dT%H:%M}", task.owner.name) for task in rows]


def test_steps_are_due_by_business_days_from_the_start_and_from_one_another(
    welcome, ann, alice, carol, bob, time_machine
):
    run = playbooks.start(welcome, ann, by=carol)
    # Thursday and Friday are holidays: the second working day is Tuesday.
    assert _open() == [("Call", "12-23T10:00", "Alice"), ("Write", "12-29T10:00", "Carol")]

    time_machine.move_to(NOW + timedelta(days=7), tick=False)
    tasks.finish_task(Task.objects.get(title="Write"), by=carol)
    outbox.run_due()
    assert _open() == [("Call", "12-23T10:00", "Alice"), ("Visit", "01-02T10:00", "Bob")]

    for title in ("Call", "Visit"):
        tasks.finish_task(Task.objects.get(title=title), by=bob)
    outbox.run_due()
    run.refresh_from_db()
    assert run.finished_at == NOW + timedelta(days=7)


def test_an_event_delivered_twice_begins_a_step_once(welcome, ann, alice):
    playbooks.start(welcome, ann, by=alice)
    tasks.finish_task(Task.objects.get(title="Write"), by=alice)
    outbox.run_due()
    event = Event.objects.get(kind="task.done")
    playbooks.follow_task(event)

    assert Task.objects.filter(title="Visit").count() == 1


def test_a_changed_template_does_not_touch_what_runs(welcome, ann, alice):
    playbooks.start(welcome, ann, by=alice)
    welcome.steps.all().delete()
    welcome.delete()

    tasks.finish_task(Task.objects.get(title="Write"), by=alice)
    outbox.run_due()

    assert Task.objects.filter(title="Visit").exists()
    assert PlaybookRun.objects.get().name == "Welcome"


def test_it_runs_once_at_a_time_and_again_after_it_was_stopped(welcome, ann, alice):
    run = playbooks.start(welcome, ann, by=alice)
    with pytest.raises(playbooks.PlaybookRefused):
        playbooks.start(welcome, ann, by=alice)
    tasks.finish_task(Task.objects.get(title="Call"), by=alice)

    playbooks.stop(run, by=alice)
    outbox.run_due()

    assert [(t.title, t.is_open) for t in Task.objects.all()] == [("Call", False)]
    ann.refresh_from_db()
    assert ann.next_step == ""
    playbooks.start(welcome, ann, by=alice)


def test_a_step_whose_task_is_deleted_does_not_hold_up_the_rest(welcome, ann, alice):
    playbooks.start(welcome, ann, by=alice)
    tasks.delete_task(Task.objects.get(title="Write"), by=alice)
    outbox.run_due()

    assert Task.objects.filter(title="Visit").exists()


def test_a_playbook_without_steps_does_not_start(ann, alice):
    with pytest.raises(playbooks.PlaybookRefused):
        playbooks.start(Playbook.objects.create(name="Empty"), ann, by=alice)

    assert not PlaybookRun.objects.exists()
