"""Automatic answers, reports and letters of our own wake nobody."""

import pytest

from crm.mail.marks import mark_of
from crm.models import Delivery, Notification
from tests.tickets.raw_letters import letter
from tickets.models import Ticket
from tickets.services import desk
from tickets.services.inbound import take

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("support")]


MACHINES = [
    {"Auto_Submitted": "auto-replied"},
    {"Auto_Submitted": "auto-generated"},
    {"Precedence": "list"},
    {"List_Id": "<news.example.com>"},
    {"X_Auto_Response_Suppress": "All"},
    {"X_Autoreply": "yes"},
    {"Return_Path": "<>"},
]


@pytest.mark.parametrize("status", ["resolved", "closed"])
@pytest.mark.parametrize("headers", MACHINES)
def test_e10_a_machine_wakes_nothing_and_its_answer_stays_with_the_ticket(admin, headers, status):
    ticket = take(letter()).ticket
    ours = desk.reply(ticket, "Done.", by=admin, status=status)

    answer = take(letter("I am away.", id="<3@example.com>", In_Reply_To=ours.message_id, **headers))

    ticket.refresh_from_db()
    assert (answer.outcome, answer.ticket, ticket.status, ticket.reopened) == ("added", ticket, status, 0)
    assert not Notification.objects.filter(kind="ticket.answered").exists()


@pytest.mark.parametrize("headers", MACHINES)
def test_e11_only_a_bare_automatic_answer_asks_for_nothing(headers):
    verdict = take(letter(**headers))

    assert verdict.outcome == ("ignored" if headers.get("Auto_Submitted") == "auto-replied" else "created")
    assert not Delivery.objects.exists()


@pytest.mark.parametrize("value", ["no", "no; x=1"])
def test_e10_a_human_who_says_so_is_believed(value):
    assert take(letter(Auto_Submitted=value)).outcome == "created"


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({"Content_Type": "multipart/report; report-type=delivery-status; boundary=x"}, "mail system"),
        ({"sender": "MAILER-DAEMON@mx.example.com"}, "mail system"),
        ({"X_Rapport": mark_of(7)}, "our own"),
    ],
)
def test_e13_reports_and_our_own_letters_make_no_ticket(headers, reason):
    verdict = take(letter(**headers))

    assert verdict.outcome == "ignored"
    assert reason in verdict.reason
    assert not Ticket.objects.exists()


def test_a_letter_of_another_house_that_runs_the_same_program_is_taken():
    assert take(letter(X_Rapport="7." + "0" * 20)).outcome == "created"


def test_a_postmaster_who_writes_himself_is_a_person():
    assert take(letter("Your newsletter looks odd.", sender="postmaster@example.com")).outcome == "created"
