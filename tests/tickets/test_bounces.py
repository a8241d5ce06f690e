"""Reports of mail systems, in the shapes that real servers send, lead to the letter they are about."""

import pytest

from campaigns.models import Enrolment, Segment, Sequence, Step, StepRun, Suppression
from contacts.models import Contact, ContactPoint
from contacts.services import people
from crm.mail import queue_mail, send_due
from crm.mail.marks import mark_of
from crm.models import Delivery, Event, Notification
from tickets.models import InboundMail, Mailbox, Ticket
from tickets.services import desk
from tickets.services.inbound import take

pytestmark = pytest.mark.django_db

POSTFIX = """Return-Path: <>
From: MAILER-DAEMON@mx1.halden.test (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: support@halden.test
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="4Xk.1764/mx1"
Message-Id: <20261124090001.4Xk@mx1.halden.test>

--4Xk.1764/mx1
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

This is the mail system at host mx1.halden.test.

<ann@example.com>: host mx.example.com[192.0.2.7] said: 550 5.1.1 <ann@example.com>: Recipient address rejected: User unknown

--4Xk.1764/mx1
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx1.halden.test
X-Postfix-Queue-ID: 4Xk
Arrival-Date: Tue, 24 Nov 2026 09:00:00 +0000 (UTC)

Final-Recipient: rfc822; ann@example.com
Original-Recipient: rfc822;ann@example.com
Action: {action}
Status: {status}
Remote-MTA: dns; mx.example.com
Diagnostic-Code: smtp; {code} {status} <ann@example.com>: {words}

--4Xk.1764/mx1
Content-Description: Undelivered Message Headers
Content-Type: text/rfc822-headers

Return-Path: <support@halden.test>
From: "Halden Support" <support@halden.test>
To: ann@example.com
Subject: Re: Zero
Message-ID: {id}

--4Xk.1764/mx1--
"""

EXIM = """Return-path: <>
From: Mail Delivery System <Mailer-Daemon@exim.halden.test>
To: support@halden.test
Subject: Mail delivery failed: returning message to sender
X-Failed-Recipients: ann@example.com
Auto-Submitted: auto-replied
Message-Id: <E1tEx-0001@exim.halden.test>

This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  ann@example.com
    host mx.example.com [192.0.2.7]
    SMTP error from remote mail server after RCPT TO:<ann@example.com>:
    550 No such user here

------ This is a copy of the message, including all the headers. ------

Return-path: <support@halden.test>
From: Halden Support <support@halden.test>
To: ann@example.com
Subject: Re: Zero
Message-ID: {id}

Fill the pipe.
"""

EXCHANGE = """From: Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@example.com>
To: support@halden.test
Subject: Undeliverable: Re: Zero
Content-Language: en-US
In-Reply-To: {id}
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="_53b1b2a4-99d7"
Message-ID: <9f1c@example.com>
Return-Path: <>

--_53b1b2a4-99d7
Content-Type: multipart/alternative; differences=Content-Type;
\tboundary="_alt"

--_alt
Content-Type: text/plain; charset="us-ascii"

Delivery has failed to these recipients or groups: ann@example.com
The email address you entered couldn't be found.

--_alt
Content-Type: text/html; charset="us-ascii"

<html><body><p>Delivery has failed</p></body></html>

--_alt--

--_53b1b2a4-99d7
Content-Type: message/delivery-status

Reporting-MTA: dns;EX01.example.com
Received-From-MTA: dns;mx1.halden.test

Final-Recipient: rfc822;ann@example.com
Action: failed
Status: 5.1.10
Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient ann@example.com not found by SMTP address lookup
X-Display-Name: Ann

--_53b1b2a4-99d7
Content-Type: message/rfc822

From: Halden Support <support@halden.test>
To: ann@example.com
Subject: Re: Zero
Message-ID: {id}
Content-Type: text/plain

Fill the pipe.

--_53b1b2a4-99d7--
"""

GMAIL = """Return-Path: <>
From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>
To: support@halden.test
Auto-Submitted: auto-replied
Subject: Delivery Status Notification (Failure)
References: {id}
In-Reply-To: {id}
X-Failed-Recipients: ann@example.com
Message-ID: <6743.gmr@mx.google.com>
MIME-Version: 1.0
Content-Type: multipart/report; boundary="000000000000aa"; report-type=delivery-status

--000000000000aa
Content-Type: multipart/related; boundary="000000000000bb"

--000000000000bb
Content-Type: text/plain; charset="UTF-8"

** Address not found **

Your message wasn't delivered to ann@example.com because the address couldn't be found.

--000000000000bb--
--000000000000aa
Content-Type: message/delivery-status

Reporting-MTA: dns; googlemail.com
Arrival-Date: Tue, 24 Nov 2026 01:00:00 -0800 (PST)
X-Original-Message-ID: {id}

Final-Recipient: rfc822; ann@example.com
Action: failed
Status: 5.1.1
Remote-MTA: dns; mx.example.com. (192.0.2.7, the server for the domain example.com.)
Diagnostic-Code: smtp; 550-5.1.1 The email account that you tried to reach does not exist.

--000000000000aa
Content-Type: message/rfc822

From: Halden Support <support@halden.test>
To: ann@example.com
Message-ID: {id}
Subject: Re: Zero

Fill the pipe.
--000000000000aa--
"""

EXIM_DELAYED = """Return-path: <>
From: Mail Delivery System <Mailer-Daemon@exim.halden.test>
To: support@halden.test
Subject: Warning: message 1tEx-0001 delayed 24 hours
Auto-Submitted: auto-replied
References: {id}
Message-Id: <E1tEx-0002@exim.halden.test>

A message that you sent has not yet been delivered to one or more of its recipients after more than 24 hours.

  ann@example.com
    host mx.example.com [192.0.2.7]: 451 4.3.0 Temporary problem
"""

COMPLAINT = """From: feedback@example.net
To: support@halden.test
Subject: complaint
Message-ID: <arf@example.net>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="a"

--a
Content-Type: text/plain

This is an email abuse report.

--a
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: SomeGenerator/1.0
Version: 1

--a
Content-Type: message/rfc822

From: Halden <support@halden.test>
To: ann@example.com
Message-ID: {id}

Hello

--a--
"""


@pytest.fixture
def support(workspace, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return Mailbox.objects.create(name="Halden Support", address="support@halden.test")


@pytest.fixture
def answer(support, alice):
    """An answer of Alice that has been sent to Ann."""
    ann = people.create_contact(by=alice, first_name="Ann", email="ann@example.com")
    ticket = desk.open_ticket(subject="Zero", requester=ann, owner=alice, by=alice, mailbox=support)
    desk.receive(ticket, text="Help", message_id="<1@example.com>")
    desk.reply(ticket, "Fill the pipe.", by=alice)
    Delivery.objects.update(state="sent")
    return Delivery.objects.get()


def postfix(delivery, status="5.1.1", words="User unknown", action="failed", id=None):
    code = "550" if status.startswith("5") else "451"
    return POSTFIX.format(id=id or delivery.message_id, status=status, words=words, code=code, action=action).encode()


def dead(delivery):
    """Whether the address counts as dead: (of the letter, of the contact, of the campaigns)."""
    delivery.refresh_from_db()
    point = ContactPoint.objects.get(norm="ann@example.com")
    suppressed = Suppression.objects.filter(digest=Suppression.digest_of("ann@example.com"), reason="bounced").exists()
    return delivery.state, delivery.reason, bool(point.bounced_at), suppressed


@pytest.mark.parametrize("shape", [POSTFIX, EXIM, EXCHANGE, GMAIL], ids=["postfix", "exim", "exchange", "gmail"])
def test_e12_a_dead_address_is_known_from_then_on(answer, alice, shape):
    values = {"status": "5.1.1", "words": "User unknown", "code": "550", "action": "failed"}

    verdict = take(shape.format(id=answer.message_id, **values).encode())

    assert verdict.outcome == "report"
    assert dead(answer) == ("bounced", "hard", True, True)
    assert (Ticket.objects.count(), Contact.objects.count()) == (1, 1)
    note = Ticket.objects.get().messages.get(direction="note")
    assert "ann@example.com came back: the address does not exist" in note.text
    assert Notification.objects.get(kind="ticket.bounced").user == alice
    assert Event.objects.get(kind="email.bounced").data["hard"] is True


def test_the_same_report_twice_tells_once(answer):
    take(postfix(answer))

    take(postfix(answer).replace(b"20261124090001", b"20261124090002").replace(b"This is the", b"This was the"))

    assert InboundMail.objects.filter(outcome="report").count() == 2
    assert Event.objects.filter(kind="email.bounced").count() == 1
    assert Ticket.objects.get().messages.filter(direction="note").count() == 1


@pytest.mark.parametrize(
    ("status", "words"),
    [("5.2.2", "Mailbox full"), ("5.7.1", "Message rejected as spam"), ("5.3.4", "Too big"), ("4.4.7", "Expired")],
)
def test_e12_what_is_not_about_the_address_leaves_it_alive(answer, status, words):
    take(postfix(answer, status, words))

    assert dead(answer) == ("bounced", "soft", False, False)


@pytest.mark.parametrize("raw", [EXIM_DELAYED, None], ids=["exim", "postfix"])
def test_e12_a_letter_that_is_late_is_only_noted(answer, raw):
    report = raw.format(id=answer.message_id).encode() if raw else postfix(answer, "4.3.0", "Later", "delayed")

    verdict = take(report)

    assert verdict.outcome == "report"
    assert dead(answer) == ("sent", "delayed", False, False)
    assert "keeps trying" in Ticket.objects.get().messages.get(direction="note").text
    assert not Event.objects.filter(kind="email.bounced").exists()


def test_a_server_that_rewrote_the_id_is_understood_by_our_mark(answer):
    raw = postfix(answer, id="<0100018f-rewritten@email.example.net>")

    take(raw.replace(b"Subject: Re: Zero", b"Subject: Re: Zero\nX-Rapport: " + mark_of(answer.pk).encode()))

    assert dead(answer)[:2] == ("bounced", "hard")


def test_the_return_path_alone_leads_to_the_letter(answer):
    raw = postfix(answer, id="<0100018f-rewritten@email.example.net>")

    take(raw.replace(b"To: support@halden.test", b"To: bounces+" + mark_of(answer.pk).encode() + b"@halden.test"))

    assert dead(answer)[:2] == ("bounced", "hard")


@pytest.mark.parametrize("id", ["<guessed@halden.test>", "<1@example.com>"])
def test_a_report_about_no_letter_of_ours_changes_nothing(answer, id):
    verdict = take(postfix(answer, id=id).replace(b"Subject: Re: Zero", f"X-Rapport: {answer.pk}.{'0' * 20}".encode()))

    assert verdict.outcome == "ignored"
    assert dead(answer) == ("sent", "", False, False)
    assert Ticket.objects.count() == 1


def test_e14_a_complaint_ends_campaign_letters_and_makes_no_ticket(answer):
    verdict = take(COMPLAINT.format(id=answer.message_id).encode())

    assert verdict.outcome == "report"
    assert Suppression.objects.get().reason == "complained"
    assert Event.objects.filter(kind="email.complained").count() == 1
    assert Ticket.objects.count() == 1


def test_e13_a_dead_address_of_a_colleague_gets_no_more_notifications_and_administrators_know(support, admin, smtp):
    headers = {"Auto-Submitted": "auto-generated"}
    first = queue_mail(to="bob@gone.test", subject="A", text="A", headers=headers, purpose="crm.notification")
    Delivery.objects.update(state="sent")
    take(postfix(first).replace(b"ann@example.com", b"bob@gone.test"))

    queue_mail(to="bob@gone.test", subject="B", text="B", headers=headers, purpose="crm.notification", key="b")
    send_due()

    assert Notification.objects.get(kind="mail.bounced").user == admin
    assert (Delivery.objects.get(key="b").state, smtp.letters) == ("suppressed", [])
    assert not Ticket.objects.exists()


def test_a_letter_carries_the_mark_and_its_own_return_path(support, settings, smtp):
    settings.BOUNCE_ADDRESS = "bounces@halden.test"
    delivery = queue_mail(to="ann@example.com", subject="A", text="A")
    send_due()

    letter = smtp.letters[0]
    assert letter.message["X-Rapport"] == mark_of(delivery.pk)
    assert letter.sender == f"bounces+{mark_of(delivery.pk)}@halden.test"


def test_a_read_receipt_is_no_bounce(answer):
    raw = postfix(answer).replace(b"message/delivery-status", b"message/disposition-notification")

    assert take(raw).outcome in {"ignored", "report"}
    assert dead(answer) == ("sent", "", False, False)
    assert Ticket.objects.count() == 1


def test_a_campaign_letter_that_came_back_is_failed_on_its_step(support, alice):
    ann = people.create_contact(by=alice, first_name="Ann", email="ann@example.com")
    segment = Segment.objects.create(name="All", tree={"all": []}, owner=alice)
    sequence = Sequence.objects.create(name="Tips", segment=segment, owner=alice)
    step = Step.objects.create(sequence=sequence, kind="wait")
    enrolment = Enrolment.objects.create(sequence=sequence, contact=ann)
    refs = {"enrolment": enrolment.pk, "step": step.pk, "sequence": sequence.pk}
    delivery = queue_mail("campaign", to="ann@example.com", subject="Tip", text="x", contact=ann, refs=refs)
    Delivery.objects.update(state="sent", purpose="campaigns.step")
    run = StepRun.objects.create(enrolment=enrolment, step=step, outcome="sent")

    take(postfix(delivery))

    run.refresh_from_db()
    assert run.outcome == "failed"
    assert "User unknown" in run.reason
    assert not Ticket.objects.exists()
