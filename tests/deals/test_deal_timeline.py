"""What people write on deals and tickets: the same composer, notes and followers as on people."""

import pytest
from django.urls import reverse

from crm import participants
from crm.models import Collaborator, Draft, Event, Follower, Note, Notification
from deals.models import Deal
from deals.services.setup import create_standard_pipeline
from tests import factories
from tickets.models import Ticket
from tickets.services import desk

pytestmark = pytest.mark.django_db


@pytest.fixture
def deal(workspace, alice):
    person = factories.contact(owner=alice, team=alice.team)
    stage = create_standard_pipeline("en").stages.first()
    return Deal(name="Pumps", contact=person, owner=alice, team=alice.team, stage=stage, currency="EUR").begin(by=alice)


@pytest.fixture
def ticket(workspace, alice):
    person = factories.contact(owner=alice, team=alice.team, email="ann@example.com")
    return desk.open_ticket(subject="Help", requester=person, owner=alice, by=alice)


def test_a_note_on_a_deal_stands_in_both_timelines_and_tells_who_is_mentioned(client, deal, alice, bob, mallory):
    client.force_login(alice)
    url = reverse("deals:deal_talk_create", args=[deal.pk])

    answer = client.post(
        url, {"kind": "call", "text": "Ask @Bob and @Mallory for the price", "minutes": "5"}, follow=True
    )

    note = Note.objects.get()
    event = Event.objects.get(kind="call.logged")
    assert (note.target_type, note.target_id, note.mentions) == ("deals.deal", deal.pk, [bob.pk, mallory.pk])
    assert (event.target_id, event.contact_id, event.data["minutes"]) == (deal.pk, deal.contact_id, 5)
    assert [n.user for n in Notification.objects.filter(kind="note.mention")] == [bob]
    assert "Mallory may not see this record and was not told." in answer.content.decode()
    for page in (deal, deal.contact):
        shown = client.get(page.get_absolute_url()).content.decode()
        assert '<b class="mention">@Bob</b>' in shown
    deal.contact.refresh_from_db()
    assert deal.contact.last_touch_at == event.occurred_at or deal.contact.last_touch_at is not None


def test_a_letter_is_not_written_on_a_deal(client, deal, alice):
    client.force_login(alice)

    answer = client.post(
        reverse("deals:deal_talk_create", args=[deal.pk]), {"kind": "email", "subject": "x", "text": "y"}
    )

    assert answer.status_code == 422
    assert "Letters are written on the page of the person to whom they go." in answer.content.decode()
    assert not Note.objects.exists()
    assert "composer-email" not in client.get(deal.get_absolute_url()).content.decode()


def test_a_draft_on_a_deal_and_on_a_ticket_is_there_after_a_reload(client, deal, ticket, alice):
    client.force_login(alice)
    for kind, record in (("deal", deal), ("ticket", ticket)):
        client.post(
            reverse("draft", args=[kind, record.pk]), {"kind": "note", "text": f"half a word {kind}", "version": "0"}
        )
        page = client.get(record.get_absolute_url()).content.decode()
        assert f"half a word {kind}</textarea>" in page
        assert "Draft kept" in page

    client.post(reverse("deals:deal_talk_create", args=[deal.pk]), {"kind": "note", "text": "whole"})
    client.post(reverse("tickets:reply", args=[ticket.pk]), {"kind": "note", "text": "whole"})

    assert not Draft.objects.exists()


def test_a_note_on_a_ticket_tells_who_is_mentioned_and_stands_in_its_timeline(client, ticket, alice, bob):
    client.force_login(alice)

    client.post(reverse("tickets:reply", args=[ticket.pk]), {"kind": "note", "text": "Look at this, @Bob"})

    assert [n.user for n in Notification.objects.filter(kind="note.mention")] == [bob]
    shown = client.get(reverse("timeline", args=["ticket", ticket.pk])).content.decode()
    assert "wrote a note in" in shown
    assert Event.objects.get(kind="ticket.noted").target_id == ticket.pk


def test_an_entry_of_a_ticket_is_pinned_and_signed(client, ticket, alice):
    client.force_login(alice)
    event = Event.objects.get(kind="ticket.created")

    client.post(reverse("event_pin", args=["ticket", ticket.pk, event.id]))
    client.post(reverse("event_react", args=["ticket", ticket.pk, event.id]), {"sign": "like"})

    shown = client.get(reverse("timeline", args=["ticket", ticket.pk]))
    assert [entry.id for entry in shown.context["pinned"]] == [event.id]
    assert shown.context["entries"][-1].reactions[0][:2] == ("like", "Like") or shown.context["entries"][-1].reactions


@pytest.mark.parametrize("kind", ["deal", "ticket"])
def test_a_deal_or_ticket_is_opened_to_a_colleague_by_hand(client, request, kind, alice, mallory):
    record = request.getfixturevalue(kind)
    client.force_login(mallory)
    assert client.get(record.get_absolute_url()).status_code == 404
    assert client.post(reverse("follow", args=[kind, record.pk])).status_code == 404

    participants.add_collaborator(record, mallory, can_edit=False, by=alice)

    assert client.get(record.get_absolute_url()).status_code == 200
    assert type(record).objects.visible_to(mallory).get() == record
    assert not type(record).objects.editable_by(mallory).exists()
    assert client.post(reverse("follow", args=[kind, record.pk])).status_code == 302
    assert Follower.objects.about(record).get().user == mallory


def test_what_hangs_on_a_deal_or_ticket_goes_with_it(deal, ticket, alice, bob):
    from deals.services import editing

    for record in (deal, ticket):
        participants.add_collaborator(record, bob, can_edit=True, by=alice)
        participants.follow(record, bob)

    editing.delete(deal, by=alice)
    desk.delete(ticket, by=alice)

    assert not Collaborator.objects.exists()
    assert not Follower.objects.exists()
    assert not Deal.objects.exists()
    assert not Ticket.objects.exists()
