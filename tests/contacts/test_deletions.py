"""A deleted task is there again when somebody thinks better of it: with all that hung on it, once, by who deleted it."""

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from contacts.models import Participant, Playbook, PlaybookStep, Recurrence, Reminder, Task
from contacts.services import deletions, invitations, occurrences, playbooks, series, tasks
from contacts.services.invitation_letters import HOLD
from crm.mail import send_due
from crm.models import Delivery, Event

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 23, 7, 0, tzinfo=UTC)
DUE = NOW + timedelta(hours=2)


@pytest.fixture(autouse=True)
def _morning(workspace, time_machine):
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def meeting(alice, bob, ann):
    return tasks.create_task(
        owner=alice, by=alice, title="Demo", kind="meeting", contact=ann, due_at=DUE, ends_at=DUE + timedelta(hours=1),
        note="Bring the pump", remind=[15, 60],
        guests=[{"user": bob.pk, "name": "Bob", "email": bob.email}, {"contact": ann.pk, "name": "Ann", "email": "ann@client.test"}],
    )  # fmt: skip


def _delete(client, user, task, **data):
    """Delete on the page; returns the address that takes it back."""
    client.force_login(user)
    answer = client.post(reverse("contacts:task_delete", args=[task.pk]), data, follow=True)
    (said,) = [m for m in answer.context["messages"] if "undo:" in m.extra_tags]
    return said.extra_tags.partition("undo:")[2].split()[0]


def _everything():
    return {
        model.__name__: list(model.objects.order_by("pk").values())
        for model in (Task, Reminder, Participant, Recurrence)
    }


def test_a_task_is_as_it_was_and_nobody_hears_that_it_was_gone(client, meeting, alice, ann, smtp):
    invitations.send(meeting, by=alice)
    send_due()
    before = _everything()

    undo = _delete(client, alice, meeting)
    ann.refresh_from_db()
    assert (Task.objects.count(), ann.next_step) == (0, "")
    answer = client.post(undo)

    ann.refresh_from_db()
    assert answer.url == meeting.get_absolute_url()
    assert _everything() == before
    assert (ann.next_step, ann.next_step_at) == ("Demo", DUE)
    send_due()
    assert [d.refs["method"] for d in Delivery.objects.all()] == ["REQUEST"]
    assert list(Event.objects.filter(kind__startswith="task.").values_list("kind", flat=True).order_by("id"))[-2:] == [
        "task.deleted",
        "task.put_back",
    ]
    # Twice is once, and it can be deleted again.
    assert client.post(undo).status_code == 404
    _delete(client, alice, meeting)
    assert Delivery.objects.filter(refs__method="CANCEL").count() == 1


def test_who_has_read_the_cancellation_is_to_be_invited_anew(client, meeting, alice, time_machine, smtp):
    invitations.send(meeting, by=alice)
    undo = _delete(client, alice, meeting)
    time_machine.move_to(NOW + HOLD, tick=False)
    send_due()

    client.post(undo)

    task = Task.objects.get()
    assert [str(guest) for guest in invitations.untold(task)] == ["Ann"]
    assert invitations.send(task, by=alice) == 1
    assert Delivery.objects.filter(refs__method="REQUEST").count() == 2


@pytest.mark.parametrize("scope", ["one", "following", "all"])
def test_what_repeats_goes_on_as_before(client, meeting, alice, scope):
    occurrences.begin(meeting, "FREQ=DAILY", "Europe/Berlin", minutes_before=[15])
    second = occurrences.occurrence(Recurrence.objects.get(), "2026-03-24T10:00")
    occurrences.occurrence(Recurrence.objects.get(), "2026-03-26T10:00")
    before = _everything()

    undo = _delete(client, alice, second, scope=scope)
    assert _everything() != before
    client.post(undo)

    assert _everything() == before


@pytest.fixture
def third(meeting, alice):
    """The third of daily ones, of which the first and the second are rows too."""
    occurrences.begin(meeting, "FREQ=DAILY", "Europe/Berlin", people=[{"name": "Ann", "email": "ann@client.test"}])
    occurrences.occurrence(meeting.recurrence, "2026-03-24T10:00")
    return occurrences.occurrence(meeting.recurrence, "2026-03-25T10:00")


def _rename(first, alice):
    series.change(
        first,
        "all",
        {"title": "Tour"},
        wall=datetime(2026, 3, 23, 10),
        minutes=60,
        rule=None,
        minutes_before=[],
        by=alice,
    )


def _end(first, alice):
    series.delete(first, "all", by=alice)


def _answer(first, alice):
    row = Recurrence.objects.get()
    row.people[0]["answer"] = "accepted"
    row.save()


@pytest.mark.parametrize(
    ("scope", "act"),
    [("one", _rename), ("one", _end), ("following", _rename), ("following", _end), ("following", _answer)],
)
def test_a_rule_that_somebody_changed_since_is_not_overwritten(client, third, meeting, alice, scope, act):
    undo = _delete(client, alice, third, scope=scope)
    meeting.refresh_from_db()
    act(meeting, alice)
    left = _everything()

    answer = client.post(undo, follow=True)

    assert [str(m) for m in answer.context["messages"]] == [
        "This can no longer be taken back: what it hung on was changed or deleted."
    ]
    assert _everything() == left
    assert not Task.objects.filter(pk=third.pk).exists()


def test_the_next_one_begun_since_is_not_taken_back(client, meeting, alice):
    """Of Monday to Friday, Thursday on is deleted; Wednesday becomes a row before somebody thinks better of it."""
    occurrences.begin(meeting, "FREQ=DAILY", "Europe/Berlin")
    undo = _delete(client, alice, occurrences.occurrence(meeting.recurrence, "2026-03-26T10:00"), scope="following")
    assert Recurrence.objects.get().next_slot == "2026-03-24T10:00"
    tasks.finish_task(meeting, by=alice)

    client.post(undo)

    assert Recurrence.objects.get().next_slot == "2026-03-25T10:00"
    assert list(Task.objects.order_by("slot").values_list("slot", flat=True)) == [
        "2026-03-23T10:00",
        "2026-03-24T10:00",
    ]


def test_one_put_back_takes_nothing_else_back(client, third, meeting, alice):
    undo = _delete(client, alice, third)
    second = Task.objects.get(slot="2026-03-24T10:00")
    _delete(client, alice, second)
    _answer(meeting, alice)
    occurrences.occurrence(Recurrence.objects.get(), "2026-03-26T10:00")

    answer = client.post(undo)

    row = Recurrence.objects.get()
    assert answer.url == third.get_absolute_url()
    assert (row.skipped, row.people[0]["answer"], row.next_slot) == (
        ["2026-03-24T10:00"],
        "accepted",
        "2026-03-27T10:00",
    )
    assert list(Task.objects.order_by("slot").values_list("slot", flat=True)) == [
        "2026-03-23T10:00", "2026-03-25T10:00", "2026-03-26T10:00",
    ]  # fmt: skip


def test_where_nothing_is_open_nothing_is_offered(client, meeting, alice):
    occurrences.begin(meeting, "FREQ=DAILY;COUNT=1", "Europe/Berlin")
    tasks.finish_task(meeting, by=alice)
    client.force_login(alice)

    answer = client.post(reverse("contacts:task_delete", args=[meeting.pk]), {"scope": "all"}, follow=True)

    assert [(str(m), m.extra_tags) for m in answer.context["messages"]] == [
        ("Nothing of Demo is open: what is done stays.", "")
    ]
    assert (Task.objects.count(), Recurrence.objects.get().next_slot) == (1, None)


@pytest.mark.parametrize("repeats", [False, True])
def test_what_stood_on_a_customer_who_is_gone_is_not_taken_back(client, meeting, alice, ann, repeats):
    if repeats:
        occurrences.begin(meeting, "FREQ=DAILY", "Europe/Berlin")
        Recurrence.objects.update(contact=None)
    undo = _delete(client, alice, meeting)
    ann.delete()
    left = _everything()

    answer = client.post(undo, follow=True)

    assert [str(m) for m in answer.context["messages"]] == [
        "This can no longer be taken back: what it hung on was changed or deleted."
    ]
    assert _everything() == left


@pytest.mark.parametrize("scope", ["one", "all"])
def test_what_is_kept_is_read_under_the_lock_of_the_rule(meeting, alice, scope, django_assert_max_num_queries):
    occurrences.begin(meeting, "FREQ=DAILY", "Europe/Berlin")

    with django_assert_max_num_queries(99) as deleting:
        name = deletions.delete(meeting, scope, by=alice)
    with django_assert_max_num_queries(99) as putting_back:
        deletions.put_back(name, by=alice)

    for asked in (deleting, putting_back):
        first = next(query["sql"] for query in asked if 'FROM "contacts_' in query["sql"])
        assert first.endswith('FOR UPDATE OF "contacts_recurrence"')


def test_nobody_else_takes_it_back(client, meeting, alice, bob):
    undo = _delete(client, alice, meeting)

    client.force_login(bob)
    assert client.post(undo).status_code == 404
    assert client.post(reverse("contacts:task_put_back", args=["nothing"])).status_code == 404

    assert not Task.objects.exists()


def test_the_step_of_a_playbook_is_that_task_again(client, alice, ann):
    playbook = Playbook.objects.create(name="Start")
    PlaybookStep.objects.create(playbook=playbook, position=1, title="Call", kind="call")
    run = playbooks.start(playbook, ann, by=alice)
    task = Task.objects.get()

    client.post(_delete(client, alice, task))
    event = Event.objects.get(kind="task.deleted")
    playbooks.follow_task(event)

    step = run.steps.get()
    assert (step.task_id, step.done_at) == (task.pk, None)
