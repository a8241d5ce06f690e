"""A meeting from the plan to its result, in a real browser: repeated, dragged, nudged by keys, reminded, done."""

import os
from datetime import UTC, date, datetime, timedelta

import pytest

from contacts.models import Task
from contacts.services import occurrences, tasks
from contacts.tasks import send_reminders
from tests import factories
from tests.journeys.conftest import PHONE

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]
SHOTS = os.environ.get("SHOTS", "")
NOW = datetime(2026, 3, 25, 9, 0, tzinfo=UTC)  # a Wednesday


def _shot(page, name):
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png")


def _pull(page, item, day, down):
    """Take an entry of the calendar by mouse to another day, so many quarters of an hour down."""
    start, end = item.bounding_box(), page.locator(f".cal-day[data-day='{day}']").bounding_box()
    x, y = end["x"] + 40, start["y"] + 10 + down * 12
    page.mouse.move(start["x"] + 30, start["y"] + 10)
    page.mouse.down()
    page.mouse.move(start["x"] + 50, start["y"] + 30, steps=3)
    page.mouse.move(x, y, steps=6)
    page.mouse.up()


def _pull_up(page, item, day):
    """Pull an entry into the strip of whole days."""
    start, end = item.bounding_box(), page.locator(f".cal-whole[data-day='{day}']").bounding_box()
    page.mouse.move(start["x"] + 30, start["y"] + 10)
    page.mouse.down()
    page.mouse.move(start["x"] + 40, start["y"] - 10, steps=3)
    page.mouse.move(end["x"] + 40, end["y"] + 10, steps=6)
    page.mouse.up()


def test_a_meeting_is_planned_moved_reminded_and_done(
    page, new_page, sign_in, watch, axe, alice, workspace, time_machine
):
    time_machine.move_to(NOW, tick=False)
    alice.time_zone = "Europe/Berlin"
    alice.save()
    ann = factories.contact("Ann", "Lee", owner=alice, team=alice.team)
    sign_in(page, alice)

    # Planned on the person, every week, with a word a quarter of an hour before.
    page.goto(
        f"/contacts/tasks/new/?about=contact&of={ann.pk}&kind=meeting&minutes=60&due_on=2026-03-26&due_time=10:00"
    )
    page.get_by_label("What", exact=False).first.fill("Round with Ann")
    page.locator("summary", has_text="Repetition").click()
    page.get_by_label("Repeats").select_option("WEEKLY")
    assert axe(page) == []
    page.get_by_role("button", name="Create").click()
    page.wait_for_url(f"**/contacts/{ann.pk}/")

    # Dragged to Friday, two hours later; the server says so and offers the way back.
    page.goto("/contacts/calendar/")
    _shot(page, "calendar")
    assert axe(page) == []
    _pull(page, page.locator(".cal-day .cal-item", has_text="Round with Ann"), "2026-03-27", 8)
    page.wait_for_selector(".toast-x:has-text('Moved')")
    page.wait_for_selector(".cal-day[data-day='2026-03-27'] .cal-item:has-text('12:00')")
    task = Task.objects.get()
    assert (task.due_at, task.minutes) == (datetime(2026, 3, 27, 11, 0, tzinfo=UTC), 60)

    # A quarter of an hour up and a quarter longer by keys alone.
    page.locator(f"#cal-{task.pk}").focus()
    page.keyboard.press("Shift+ArrowUp")
    page.keyboard.press("Alt+Shift+ArrowDown")
    page.wait_for_selector(".cal-day[data-day='2026-03-27'] .cal-item:has-text('11:45')")
    task.refresh_from_db()
    assert (task.due_at, task.minutes) == (datetime(2026, 3, 27, 10, 45, tzinfo=UTC), 75)
    assert page.evaluate("document.activeElement.id") == f"cal-{task.pk}"

    # Pulled up into the strip it takes the whole day; "Undo" gives its hours back.
    with page.expect_response("**/moves/"):
        _pull_up(page, page.locator(".cal-day .cal-item", has_text="Round with Ann"), "2026-03-27")
    page.wait_for_selector(".cal-whole[data-day='2026-03-27'] .cal-item[data-whole]")
    task.refresh_from_db()
    assert (task.day_on, task.minutes) == (date(2026, 3, 27), None)
    assert axe(page) == []
    with page.expect_response("**/dues/**"):
        page.locator(".toast-x", has_text="Moved").last.get_by_role("button", name="Undo").click()
    page.wait_for_url("**/contacts/calendar/")
    page.wait_for_selector(".cal-day[data-day='2026-03-27'] .cal-item:has-text('11:45')")
    task.refresh_from_db()
    assert (task.day_on, task.due_at, task.minutes) == (None, datetime(2026, 3, 27, 10, 45, tzinfo=UTC), 75)

    # Next week's is shown though it is no row.
    page.goto("/contacts/calendar/?day=2026-04-02")
    page.wait_for_selector(".cal-day[data-day='2026-04-02'] .cal-item:has-text('10:00')")
    assert Task.objects.count() == 1

    # So is a whole day that repeats; pulled along the strip it becomes a row there.
    guard = tasks.create_task(owner=alice, by=alice, title="Guard", due_at=task.due_at, day_on=date(2026, 3, 26))
    occurrences.begin(guard, "FREQ=WEEKLY", "Europe/Berlin")
    page.reload()
    with page.expect_response("**/occurrences/"):
        _pull_up(page, page.locator(".cal-whole[data-day='2026-04-02'] .cal-item", has_text="Guard"), "2026-04-03")
    page.wait_for_selector(".toast-x:has-text('Moved: Guard')")
    page.wait_for_selector(".cal-whole[data-day='2026-04-03'] .cal-item:has-text('Guard')")
    assert Task.objects.get(slot="2026-04-02T17:00").day_on == date(2026, 4, 3)

    time_machine.move_to(task.due_at - timedelta(minutes=15), tick=False)
    send_reminders()
    send_reminders()
    page.goto("/notifications/")
    assert page.get_by_text("11:45: Round with Ann").count() == 1

    # Done with its result; the next step stands on the person.
    page.goto(task.get_absolute_url())
    _shot(page, "task")
    page.get_by_label("Result").fill("They take two")
    page.get_by_label("Next step").fill("Send the offer")
    page.locator("#id_next_on").fill("2026-03-30")
    page.get_by_role("button", name="Done with this result").click()
    page.wait_for_selector(".toast-x:has-text('Done')")
    ann.refresh_from_db()
    assert (Task.objects.get(pk=task.pk).outcome, ann.next_step) == ("They take two", "Send the offer")
    assert Task.objects.get(slot="2026-04-02T10:00").is_open

    phone = new_page(viewport=PHONE, theme="dark")
    sign_in(phone, alice)
    phone.goto("/contacts/calendar/")
    phone.wait_for_selector(".cal-agenda .cal-row:has-text('Round with Ann')")
    _shot(phone, "calendar-phone")
    assert axe(phone) == []
    watch.assert_clean()
