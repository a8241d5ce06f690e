"""What administrators find about the desk and about letters, and what stays hidden from them."""

import pytest
from django.urls import reverse

from campaigns.models import Suppression
from contacts.services import people
from tickets.models import Mailbox, Ticket
from tickets.services import desk

pytestmark = pytest.mark.django_db


@pytest.fixture
def ticket(workspace, alice):
    ann = people.create_contact(by=alice, first_name="Ann", email="ann@example.com")
    ticket = desk.open_ticket(subject="Ёмкость течёт", requester=ann, owner=alice, by=alice)
    desk.receive(ticket, text="A secret word", html="<p>A secret word</p>", message_id="<1@example.com>")
    return ticket


@pytest.mark.parametrize("words", ["T-{number}", "{number}", "емкость", "ТЕЧЕТ"])
def test_a_ticket_is_found_by_its_number_and_its_words(client, admin, ticket, words):
    client.force_login(admin)

    page = client.get(
        reverse("admin:tickets_ticket_changelist"), {"q": words.format(number=ticket.number)}
    ).content.decode()

    assert "Ёмкость течёт" in page


def test_a_ticket_is_neither_made_nor_deleted_nor_moved_from_there(client, admin, ticket):
    client.force_login(admin)
    change = reverse("admin:tickets_ticket_change", args=[ticket.pk])

    assert client.get(reverse("admin:tickets_ticket_add")).status_code == 403
    assert client.post(reverse("admin:tickets_ticket_delete", args=[ticket.pk]), {"post": "yes"}).status_code == 403
    client.post(change, {"subject": "New words", "channel": "email", "owner": ticket.owner_id, "status": "closed"})

    ticket.refresh_from_db()
    assert (Ticket.objects.count(), ticket.status) == (1, "new")


def test_words_of_clients_and_passwords_are_not_shown(client, admin, ticket):
    box = Mailbox(name="Support", address="s@halden.test")
    box.password = "letmein-please"
    box.save()
    client.force_login(admin)

    message = client.get(reverse("admin:tickets_ticketmessage_change", args=[ticket.messages.get().pk]))
    mailbox = client.get(reverse("admin:tickets_mailbox_change", args=[box.pk]))

    assert (message.status_code, mailbox.status_code) == (200, 200)
    assert "secret word" not in message.content.decode()
    assert box.secret not in mailbox.content.decode()


def test_a_suppressed_address_is_found_by_writing_it(client, admin):
    row = Suppression.objects.create(digest=Suppression.digest_of("ann@example.com"), reason="bounced")
    client.force_login(admin)
    url = reverse("admin:campaigns_suppression_changelist")

    assert row.digest in client.get(url, {"q": "Ann@Example.com"}).content.decode()
    assert row.digest not in client.get(url, {"q": "bob@example.com"}).content.decode()
