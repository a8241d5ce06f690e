"""Cases of `what goes wrong in marketing automation`, by their numbers: what servers say of addresses."""

import pytest

from campaigns.models import (
    Enrolment,
    Suppression,
)
from contacts.models import Contact, ContactPoint
from crm.mail import send_due
from crm.mail.bounces import take_report
from crm.mail.marks import mark_of
from crm.models import Delivery, Event
from tests.campaigns.acts import outcomes, run

State = Enrolment.State


# 34, 35: what servers say of addresses

DSN = """From: MAILER-DAEMON@mx.example.net
To: {to}
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

It came back.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net

Final-Recipient: rfc822; ann@example.com
Action: failed
Status: {status}
Diagnostic-Code: smtp; {code} {words}

--b--
"""
ARF = """From: feedback@example.net
To: {to}
Subject: complaint
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="a"

--a
Content-Type: message/feedback-report

Feedback-Type: abuse
Version: 1

--a
Content-Type: message/rfc822

From: Halden <crm@halden.test>
Message-ID: {id}

Hello
--a--
"""


@pytest.fixture
def sent(sequence, person, smtp):
    """A campaign letter that Ann got."""
    person("Ann")
    run(sequence)
    send_due()
    return Delivery.objects.get()


def came_back(delivery, status, words="said so", to=None):
    to = to or f"bounces+{mark_of(delivery.pk)}@halden.test"
    code = "550" if status.startswith("5") else "452"
    take_report(DSN.format(status=status, words=words, code=code, to=to).encode())
    delivery.refresh_from_db()
    dead = ContactPoint.objects.filter(norm="ann@example.com", bounced_at__isnull=False).exists()
    return delivery.state, delivery.reason, dead, Suppression.objects.filter(reason="bounced").exists()


@pytest.mark.parametrize(
    ("status", "words", "expected"),
    [
        ("5.1.1", "User unknown", ("bounced", "hard", True, True)),
        ("4.2.2", "Mailbox full", ("bounced", "soft", False, False)),
        ("5.2.2", "Mailbox full", ("bounced", "soft", False, False)),
        ("5.7.1", "Blocked by policy", ("bounced", "soft", False, False)),
        ("5.1.8", "Bad sender's system address", ("bounced", "soft", False, False)),
        ("5.5.0", "Requested action not taken: mailbox unavailable", ("bounced", "hard", True, True)),
        ("5.0.0", "Message rejected as spam", ("bounced", "soft", False, False)),
        ("5.0.0", "No such user here", ("bounced", "hard", True, True)),
    ],
)
def test_34_a_report_without_the_original_is_matched_by_its_return_path_and_judged_by_its_code(
    sent, status, words, expected
):
    assert came_back(sent, status, words) == expected


def test_34_a_forged_return_path_changes_nothing(sent):
    forged = f"bounces+{sent.pk}.{'0' * 20}@halden.test"

    assert came_back(sent, "5.1.1", to=forged) == ("sent", "", False, False)


@pytest.mark.parametrize(
    ("answer", "dead"),
    [
        ("550 5.1.1 User unknown", True),
        ("550 No such user here", True),
        ("550 5.7.1 Blocked by policy", False),
        ("550 5.1.8 Bad sender", False),
        ("554 Refused: looks like spam", False),
        ("552 5.2.2 Mailbox full", False),
    ],
)
def test_34_a_refusal_at_once_is_judged_by_the_same_rule(sequence, person, smtp, answer, dead):
    person("Ann")
    smtp.answer("ann@example.com", answer)

    run(sequence)
    send_due()

    assert Suppression.objects.filter(reason="bounced").exists() is dead
    assert ContactPoint.objects.filter(bounced_at__isnull=False).exists() is dead
    assert Event.objects.filter(kind="email.bounced").exists() is dead
    assert outcomes() == {"Ann": ("failed", "refused")}


def test_35_a_complaint_counts_to_its_sequence_and_ends_everything(sent, sequence, person, time_machine):
    raw = ARF.format(to="x@halden.test", id=sent.message_id).encode()
    for _again in range(2):
        take_report(raw)

    event = Event.objects.get(kind="email.complained")
    assert (event.contact_id, event.data["sequence"]) == (sent.contact_id, sequence.pk)
    assert Suppression.objects.get().reason == "complained"
    assert (Enrolment.objects.get().state, Enrolment.objects.get().reason) == (State.LEFT, "complained")
    assert Contact.objects.get().consents.order_by("-pk").first().is_given is False
