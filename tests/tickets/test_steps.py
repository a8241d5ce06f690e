"""The next step of a ticket: planned on its page, shown in the queue, kept right by the service of the tasks."""

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from contacts.models import Task
from contacts.services import people, tasks
from tickets.services import desk

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 31, 9, 0, tzinfo=UTC)


def test_a_ticket_repeats_its_earliest_open_task(client, workspace, alice, time_machine):
    time_machine.move_to(NOW, tick=False)
    ann = people.create_contact(by=alice, first_name="Ann", last_name="Lee")
    ticket = desk.open_ticket(subject="Help", requester=ann, owner=alice, by=alice)
    client.force_login(alice)
    data = {"about": "ticket", "of": ticket.pk, "kind": "call", "title": "Ask the maker", "owner": alice.pk}

    answer = client.post(reverse("contacts:task_new"), data | {"due_on": "2026-04-01", "due_time": "10:00"})

    task = Task.objects.get()
    ticket.refresh_from_db()
    assert answer.url == ticket.get_absolute_url()
    assert (task.contact, ticket.next_step, ticket.next_step_at) == (
        ann,
        "Ask the maker",
        NOW + timedelta(days=1, hours=1),
    )
    assert "Ask the maker" in client.get(answer.url).content.decode()

    tasks.finish_task(task, by=alice)
    ticket.refresh_from_db()
    assert (ticket.next_step, ticket.next_step_at) == ("", None)
