"""What there is and is not beside a record: each relation of every app, and its exact complement."""

import pytest
from django.utils import timezone

from contacts.models import Contact, Task
from crm import conditions
from deals.models import Deal
from deals.services import lines, proposals
from tests import factories
from tests.deals.conftest import make_deal, pipeline, pump, stages  # noqa: F401
from tickets.services import desk

pytestmark = pytest.mark.django_db


def names(rows, tree, subject, user):
    tree = conditions.parse(tree, subject, user=user)
    return sorted(str(row) for row in conditions.matching(rows.visible_to(user), tree, subject, user=user))


@pytest.fixture
def people(alice, mallory, make_deal):  # noqa: F811
    """Ann has an open task, ticket and deal; Bea had them, all over by now; Cay has what only Mallory sees."""
    found = {name: factories.contact(name, "X", owner=alice, team=alice.team) for name in ("Ann", "Bea", "Cay")}
    for name, done in (("Ann", None), ("Bea", timezone.now())):
        Task.objects.create(title="Call", contact=found[name], owner=alice, team=alice.team, done_at=done)
        ticket = desk.open_ticket(subject="Help", requester=found[name], owner=alice, by=alice)
        deal = make_deal(contact=found[name], amount=10)
        if done:
            desk.set_status(ticket, "closed")
            deal.win(by=alice)
    Task.objects.create(title="Secret", contact=found["Cay"], owner=mallory, team=mallory.team)
    return found


@pytest.mark.parametrize("relation", ["open_tasks", "open_tickets", "open_deals"])
def test_who_has_an_open_one_and_who_has_none(alice, people, relation):
    assert names(Contact.objects, {"has": relation}, "contact", alice) == ["Ann X"]
    assert names(Contact.objects, {"not": {"has": relation}}, "contact", alice) == ["Bea X", "Cay X"]


def test_what_one_may_not_see_is_not_there(alice, admin, people):
    assert names(Contact.objects, {"has": "open_tasks"}, "contact", admin) == ["Ann X", "Cay X"]
    assert names(Contact.objects, {"has": "open_tasks"}, "contact", alice) == ["Ann X"]


def test_deals_without_a_step_a_proposal_or_a_product(alice, make_deal, pump):  # noqa: F811
    bare, full = make_deal("Bare"), make_deal("Full")
    Task.objects.create(title="Call", owner=alice, team=alice.team, target_type="deals.deal", target_id=full.pk)
    Task.objects.create(
        title="Elsewhere", owner=alice, team=alice.team, target_type="tickets.ticket", target_id=bare.pk
    )
    lines.add_product(full, pump, by=alice)
    proposals.draft_proposal(full, by=alice)

    for relation in ("open_tasks", "products", "proposals"):
        assert names(Deal.objects, {"has": relation}, "deal", alice) == ["Full"], relation
        assert names(Deal.objects, {"not": {"has": relation}}, "deal", alice) == ["Bare"], relation
    draft = {"has": "proposals", "where": {"field": "status", "op": "is", "value": "draft"}}
    sent = {"has": "proposals", "where": {"field": "status", "op": "is", "value": "sent"}}
    assert names(Deal.objects, draft, "deal", alice) == ["Full"]
    assert names(Deal.objects, sent, "deal", alice) == []


def test_they_read_as_people_speak(alice, people):
    tree = {"all": [{"not": {"has": "open_tasks"}}, {"has": "open_tickets"}]}

    assert (
        conditions.sentence(conditions.parse(tree, "contact"), "contact")
        == "People who have no open task and have an open ticket."
    )
