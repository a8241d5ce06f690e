"""Reminders and the letter of the morning: once each, however often or late the sweep comes."""

from datetime import UTC, datetime, timedelta

import pytest

from contacts.models import Reminder, Task
from contacts.services import digest, people, reminders, tasks
from crm import outbox
from crm.models import Delivery, Notification

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 31, 9, 0, tzinfo=UTC)
DUE = datetime(2026, 3, 31, 14, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _noon(workspace, time_machine):
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def call(alice):
    ann = people.create_contact(by=alice, first_name="Ann", last_name="Lee")
    return tasks.create_task(
        owner=alice, by=alice, title="Call Ann", kind="call", contact=ann, due_at=DUE, remind=[15, 1440, 60]
    )


def _said():
    return list(Notification.objects.filter(kind="task.reminder").order_by("pk").values_list("user__name", "text"))


def _sweep(time_machine, moment):
    time_machine.move_to(moment, tick=False)
    return reminders.send_due()


def test_each_reminder_is_given_once_in_the_page_and_by_mail(call, alice, time_machine):
    alice.time_zone = "Europe/Berlin"
    alice.save()

    # The one of a day before was due before the task was made: it speaks at once.
    assert [_sweep(time_machine, NOW), _sweep(time_machine, NOW)] == [1, 0]
    assert _sweep(time_machine, DUE - timedelta(minutes=61)) == 0
    assert [_sweep(time_machine, DUE - timedelta(minutes=60)), reminders.send_due()] == [1, 0]
    assert _sweep(time_machine, DUE) == 1

    assert _said() == [("Alice", "16:00: Call Ann")] * 3
    outbox.run_due()
    assert list(Delivery.objects.values_list("to", "subject")) == [("alice@example.com", "16:00: Call Ann")] * 3


@pytest.mark.parametrize("late", [timedelta(hours=5), timedelta(hours=23)])
def test_a_sweep_that_comes_late_still_reminds_once(call, time_machine, late):
    assert _sweep(time_machine, DUE + late) == 3
    assert reminders.send_due() == 0
    assert len(_said()) == 3


def test_after_a_day_of_silence_nobody_is_reminded_of_what_is_over(call, time_machine):
    assert _sweep(time_machine, DUE + timedelta(hours=24)) == 3
    assert _said() == []


def test_what_is_done_or_deleted_stays_quiet(call, alice, time_machine):
    tasks.finish_task(call, by=alice)
    _sweep(time_machine, DUE)
    assert _said() == []

    tasks.delete_task(call, by=alice)
    assert not Reminder.objects.exists()


def test_a_moved_task_reminds_at_the_new_time_and_only_then(call, alice, time_machine):
    _sweep(time_machine, DUE - timedelta(minutes=60))
    Notification.objects.all().delete()

    tasks.set_due(call, DUE + timedelta(days=2), by=alice)

    assert _sweep(time_machine, DUE) == 0
    assert _sweep(time_machine, DUE + timedelta(days=1)) == 1
    assert _sweep(time_machine, DUE + timedelta(days=2, minutes=-60)) == 1
    assert len(_said()) == 2


def test_a_task_without_a_time_says_nothing(call, alice, time_machine):
    tasks.set_due(call, None, by=alice)

    assert _sweep(time_machine, DUE) == 0


def test_colleagues_who_take_part_are_reminded_unless_they_declined(call, alice, bob, carol, time_machine):
    guests = [{"user": p.pk, "name": p.name, "email": p.email} for p in (bob, carol)]
    tasks.set_guests(call, guests, by=alice)
    call.participants.filter(user=carol).update(answer="declined")

    _sweep(time_machine, NOW)

    assert {name for name, _text in _said()} == {"Alice", "Bob"}


def test_who_switched_reminders_off_gets_none(call, alice, time_machine):
    alice.notify = {"task.reminder": {"page": False, "mail": False}}
    alice.save()

    _sweep(time_machine, DUE)
    outbox.run_due()

    assert (_said(), Delivery.objects.count()) == ([], 0)


def test_the_morning_letter_comes_once_on_working_days_on_the_readers_clock(call, alice, time_machine):
    alice.time_zone, alice.language = "Europe/Berlin", "ru"
    alice.save()
    tasks.create_task(owner=alice, by=alice, title="Write", due_at=NOW - timedelta(days=1))
    tasks.create_task(owner=alice, by=alice, title="Tomorrow", due_at=DUE + timedelta(days=1))

    time_machine.move_to(datetime(2026, 3, 31, 4, 59, tzinfo=UTC), tick=False)
    assert digest.send_due() == 0
    time_machine.move_to(datetime(2026, 3, 31, 5, 0, tzinfo=UTC), tick=False)
    assert [digest.send_due(), digest.send_due()] == [1, 0]

    letter = Delivery.objects.get()
    assert letter.subject == "Ваш день: задач – 2"
    assert "Write" in letter.text
    assert "16:00 Call Ann (Ann Lee)" in letter.text
    assert "Tomorrow" not in letter.text
    # A Saturday.
    time_machine.move_to(datetime(2026, 4, 4, 8, 0, tzinfo=UTC), tick=False)
    assert digest.send_due() == 0


def test_nobody_gets_a_letter_without_anything_to_do(alice, time_machine):
    assert digest.send_due() == 0
    assert not Task.objects.exists()
