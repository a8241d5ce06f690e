"""Letters on their way in: whose they are and which ticket they become."""

import json

import pytest
from django.core.management import call_command
from django.urls import reverse

from contacts.models import Contact, ContactPoint
from contacts.services import people, points
from contacts.services.duplicates import scan
from crm import access
from crm.mail.incoming.parse import parse
from crm.models import Delivery, Event
from tests import factories
from tests.tickets.raw_letters import letter
from tickets.models import InboundMail, Ticket, TicketMessage
from tickets.services import desk
from tickets.services.inbound import take

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("support")]


def test_the_page_of_the_ticket_warns_that_its_writer_may_be_known_already(support, admin, client):
    known = people.create_contact(by=admin, first_name="Ann", last_name="Lee", phone="+49 30 55501192")
    ticket = take(letter("Call me: +49 30 55501192")).ticket
    panel = reverse("panel", args=["ticket", "duplicates", ticket.pk])
    client.force_login(admin)
    assert "May be the same" not in client.get(panel).content.decode()

    points.add_point(ticket.requester, "phone", "+49 30 55501192")
    scan.look_at(Contact.objects.get(pk=ticket.requester_id))

    page = client.get(panel).content.decode()
    assert "May be the same" in page
    assert reverse("contacts:merge_new", args=["contact", known.pk, ticket.requester_id]) in page
    client.force_login(factories.user("Desk", roles=[factories.role("desk", {"ticket": {"view": access.ALL}})]))
    assert "Ann Lee" not in client.get(panel).content.decode()


def test_a_letter_makes_a_contact_and_a_ticket(support):
    verdict = take(letter())

    ticket = Ticket.objects.get()
    assert (verdict.outcome, verdict.ticket) == ("created", ticket)
    assert (ticket.subject, ticket.mailbox, ticket.status) == ("Zero after cleaning", support, "new")
    assert (ticket.requester.first_name, ticket.requester.last_name, ticket.requester.email) == (
        "Ann",
        "Lee",
        "ann@example.com",
    )
    assert ticket.messages.get().text == "Help, please."
    assert Event.objects.for_contact(ticket.requester).filter(kind="ticket.created").count() == 1


def test_a_known_person_is_recognised_by_any_of_his_addresses(admin):
    ann = people.create_contact(by=admin, first_name="Ann", email="ann@work.example")
    ContactPoint.objects.create(contact=ann, kind="email", value="Ann@Example.com", norm="ann@example.com")

    take(letter())

    assert Ticket.objects.get().requester == ann
    assert Contact.objects.count() == 1


def test_e1_the_same_letter_twice_is_once():
    take(letter())

    verdict = take(letter())

    assert (verdict.outcome, Ticket.objects.count(), TicketMessage.objects.count()) == ("duplicate", 1, 1)


def test_an_answer_to_our_letter_goes_to_its_ticket_and_our_answer_threads(admin):
    ticket = take(letter()).ticket
    ours = desk.reply(ticket, "Fill the pipe.", by=admin)

    verdict = take(letter("It works!", id="<2@example.com>", In_Reply_To=ours.message_id, subject="Other words"))

    sent = Delivery.objects.get(key=f"ticket-message:{ours.pk}")
    assert (verdict.outcome, verdict.ticket) == ("added", ticket)
    assert sent.headers["In-Reply-To"] == "<1@example.com>"
    assert sent.headers["References"] == "<1@example.com>"
    assert sent.message_id == ours.message_id


def test_e6_a_forged_id_of_ours_matches_nothing():
    ticket = take(letter()).ticket

    verdict = take(
        letter(id="<2@evil.example>", sender="eve@evil.example", In_Reply_To=f"<t{ticket.pk}.{'0' * 20}.1@halden.test>")
    )

    assert verdict.outcome == "created"
    assert ticket.messages.count() == 1


def test_e5_e6_the_number_in_the_subject_counts_only_for_its_own_client():
    ticket = take(letter()).ticket

    mine = take(letter("More.", id="<2@example.com>", subject=f"Re: Zero [#{ticket.number}]"))
    stranger = take(
        letter("Show me.", id="<3@evil.example>", sender="eve@evil.example", subject=f"Re: Zero [#{ticket.number}]")
    )

    assert mine.ticket == ticket
    assert stranger.outcome == "created"
    assert ticket.messages.count() == 2


def test_e6_a_stranger_who_knows_the_id_of_a_clients_letter_reaches_nothing():
    ticket = take(letter()).ticket

    verdict = take(letter(id="<2@evil.example>", sender="eve@evil.example", In_Reply_To="<1@example.com>"))

    assert verdict.outcome == "created"
    assert ticket.messages.count() == 1


def test_e4_of_two_references_the_nearest_wins():
    first = take(letter()).ticket
    second = take(letter(id="<2@example.com>", subject="Another")).ticket

    verdict = take(letter(id="<3@example.com>", References="<1@example.com> <2@example.com>"))

    assert verdict.ticket == second != first


def test_e4_five_thousand_references_are_read_quickly():
    many = " ".join(f"<x{i}@example.com>" for i in range(5000))

    assert len(parse(letter(References=many)).references) == 50


@pytest.mark.parametrize(
    ("id", "kept"), [(None, False), ("", False), ("<abc@[>", True), ("<" + "x" * 3000 + "@a>", False)]
)
def test_e3_a_letter_without_a_usable_id_gets_a_stable_one(id, kept):
    raw = letter(id=id)

    first, second = parse(raw).message_id, parse(raw).message_id

    assert first == second
    assert (first == id) is kept
    assert len(first) <= 250
    assert take(raw).outcome == "created"


def test_a_letter_to_a_solved_ticket_opens_it_and_to_a_closed_one_makes_a_new(admin):
    ticket = take(letter()).ticket
    ours = desk.reply(ticket, "Done.", by=admin, status="resolved")
    take(letter("Not yet.", id="<2@example.com>", In_Reply_To=ours.message_id))
    ticket.refresh_from_db()
    assert (ticket.status, ticket.reopened, ticket.resolved_at) == ("open", 1, None)

    desk.set_status(ticket, "closed", by=admin)
    verdict = take(letter("Again.", id="<3@example.com>", In_Reply_To=ours.message_id))

    assert verdict.outcome == "created"


def test_e7_three_readers_of_one_campaign_letter_make_three_tickets():
    for i in range(3):
        take(
            letter(
                "Unsubscribe?",
                sender=f"p{i}@example.com",
                id=f"<r{i}@example.com>",
                In_Reply_To="<campaign@halden.test>",
            )
        )

    assert Ticket.objects.count() == 3


def test_the_command_says_what_became_of_each_file(tmp_path, capsys):
    file = tmp_path / "a.eml"
    file.write_bytes(letter())

    call_command("ingest_email", str(file), str(file), str(tmp_path / "missing.eml"))

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["outcome"] for line in lines] == ["created", "duplicate", "failed"]
    assert lines[0]["ticket"] == Ticket.objects.get().label


def test_the_ledger_keeps_every_letter_with_its_reason():
    take(letter())
    take(letter(id="<2@example.com>", Auto_Submitted="auto-replied"))

    rows = list(InboundMail.objects.order_by("pk").values_list("outcome", "reason"))
    assert rows == [("created", "new request"), ("ignored", "an automatic answer that belongs to no ticket")]
