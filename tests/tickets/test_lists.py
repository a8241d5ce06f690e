"""Articles and tickets on the list engine."""

from datetime import datetime

import pytest
from django.urls import reverse

from contacts.models import Task
from crm.conditions.widgets import dump
from tests import factories
from tickets.models import Article, Category, Ticket
from tickets.services import articles, desk

pytestmark = pytest.mark.django_db


@pytest.fixture
def shelf(workspace):
    """Three articles in two categories."""
    general, devices = (Category.objects.create(name=name) for name in ("General", "Devices"))
    rows = [("Pay by card", general, "published", 3), ("Reset a pump", devices, "draft", 0), ("Returns", general, "internal", 1)]  # fmt: skip
    for title, category, state, unhelpful in rows:
        articles.keep(
            Article(title=title, body="Text", category=category, state=state, unhelpful=unhelpful, helpful=2), by=None
        )


def titles(client, query=""):
    return [row.title for row, _cells in client.get(reverse("tickets:articles") + query).context["rows"]]


def test_articles_are_filtered_sorted_found_and_added_up(client, admin, shelf):
    client.force_login(admin)
    general = Category.objects.get(name="General").pk

    assert titles(client) == ["Pay by card", "Reset a pump", "Returns"]
    assert titles(client, "?view=drafts") == ["Reset a pump"]
    assert titles(client, "?view=unhelpful") == ["Pay by card", "Returns"]
    assert titles(client, "?q=pumps") == ["Reset a pump"]
    assert titles(client, "?q=nothing+like+it") == []
    assert titles(client, "?f=" + dump({"field": "category", "op": "is", "value": general})) == [
        "Pay by card",
        "Returns",
    ]
    foot = client.get(reverse("list_foot", args=["articles"])).context
    assert {c["column"].name: c["figure"] for c in foot["cells"] if c.get("figure")} == {
        "helpful": "6",
        "unhelpful": "4",
    }


def test_who_only_reads_opens_what_clients_see_and_changes_nothing(client, carol, shelf):
    client.force_login(carol)
    row = Article.objects.get(title="Pay by card")

    page = client.get(reverse("tickets:articles"))

    assert f'href="{row.public_url}"' in page.text
    assert reverse("tickets:article_edit", args=[row.pk]) not in page.text
    assert client.post(reverse("list_cell", args=["articles", row.pk, "state"]), {"state": "draft"}).status_code == 403
    assert Article.objects.get(pk=row.pk).state == "published"


def test_an_article_published_in_its_cell_is_found_by_clients(client, admin, shelf):
    client.force_login(admin)
    row = Article.objects.get(title="Reset a pump")

    answer = client.post(
        reverse("list_cell", args=["articles", row.pk, "state"]), {"state": "published", "was": "draft"}
    )

    assert answer.status_code == 302
    assert articles.find(Article.objects.published(), "pump") == [row]


def test_a_ticket_changed_in_its_cells_keeps_promises_and_tells_the_stream(client, alice, bob, workspace):
    ticket = desk.open_ticket(subject="Help", owner=alice, by=alice)
    client.force_login(bob)

    def write(field, value, was):
        url = reverse("list_cell", args=["tickets", ticket.pk, field])
        return client.post(url, {field: value, "was": was}).status_code

    answers = [write("priority", "urgent", "normal"), write("status", "pending", "new"), write("owner", bob.pk, str(alice.pk))]  # fmt: skip
    refused = write("status", "unheard", "pending")
    late = write("priority", "low", "normal")

    now = Ticket.objects.get(pk=ticket.pk)
    assert (answers, refused, late) == ([302, 302, 302], 422, 422)
    assert (now.priority, now.status, now.owner) == ("urgent", "pending", bob)
    assert now.paused_at is not None
    kinds = [event.kind for event in desk_events(ticket)]
    assert kinds == ["ticket.created", "ticket.priority_changed", "ticket.status_changed", "ticket.assigned"]


def desk_events(ticket):
    from crm.models.event import Event

    return Event.objects.filter(target_type="tickets.ticket", target_id=ticket.pk).order_by("id")


def test_a_task_moved_in_its_cell_moves_the_next_step_of_its_person(client, alice, bob):
    ann = factories.contact("Ann", "Lee", owner=alice, team=alice.team)
    task = Task(title="Call", contact=ann)
    task.assign_to(alice)
    task.save()
    client.force_login(bob)
    url = reverse("list_cell", args=["tasks", task.pk, "due_at"])

    refused = client.post(url, {"due_at": "soon", "was": ""})
    moved = client.post(url, {"due_at": "2026-12-01T09:30", "was": ""})

    task.refresh_from_db()
    ann.refresh_from_db()
    assert (refused.status_code, moved.status_code) == (422, 302)
    assert task.due_at.replace(tzinfo=None) == datetime(2026, 12, 1, 9, 30)
    assert (ann.next_step, ann.next_step_at) == ("Call", task.due_at)
    assert (
        client.post(reverse("list_cell", args=["tasks", task.pk, "title"]), {"title": "", "was": "Call"}).status_code
        == 422
    )
    assert (
        client.post(
            reverse("list_cell", args=["tasks", task.pk, "owner"]), {"owner": bob.pk, "was": str(alice.pk)}
        ).status_code
        == 302
    )
    assert Task.objects.get(pk=task.pk).owner == bob
