"""One's own mailbox in a real browser: connected, a letter in the timeline, answered from there, the answer in Sent."""

import email
import os

import pytest
from django.utils import timezone

from contacts.models import PersonalLetter, PersonalMailbox
from contacts.services import people
from contacts.services.mailbox import accounts, reading, sending
from crm.mail import send_due
from crm.models import Delivery
from tests.imap_server import PASSWORD, USER
from tests.journeys.conftest import PHONE
from tests.smtp_sink import Sink

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]
SHOTS = os.environ.get("SHOTS", "")
LETTER = (
    b"From: Ann Lee <ann@client.test>\r\nTo: alice@halden.test\r\nSubject: Lead time\r\nMessage-ID: <1@client.test>\r\n\r\n"
    b"How long for twelve gauges?"
)


def _shot(page, name):
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


def _connect(page, imap, smtp):
    page.goto("/contacts/mailbox/")
    page.get_by_role("link", name="Connect a mailbox").click()
    for label, value in (
        ("Address", "alice@halden.test"), ("User name", USER), ("Password", PASSWORD), ("IMAP server", "127.0.0.1"),
        ("SMTP server", "127.0.0.1"),
    ):  # fmt: skip
        page.get_by_label(label, exact=False).first.fill(value)
    page.fill("[name=imap_port]", str(imap.port))
    page.fill("[name=smtp_port]", str(smtp.port))
    page.select_option("[name=imap_security]", "none")
    page.select_option("[name=smtp_security]", "none")
    page.get_by_role("button", name="Save and test").click()
    page.wait_for_selector("text=The servers are being asked")
    mailbox = PersonalMailbox.objects.get()
    accounts.test({"mailbox": mailbox.pk, "at": mailbox.tested["asked_at"]})
    page.wait_for_selector("text=Both servers take the account")
    return mailbox


def test_a_mailbox_is_connected_a_letter_answered_and_the_answer_lies_in_sent(
    page, new_page, sign_in, watch, axe, alice, workspace, imap, settings
):
    ann = people.create_contact(by=alice, first_name="Ann", last_name="Lee", email="ann@client.test")
    sign_in(page, alice)
    with Sink(auth=(USER, PASSWORD)) as smtp:
        settings.OUTSIDE_ALLOW = [f"127.0.0.1:{imap.port}", f"127.0.0.1:{smtp.port}"]
        mailbox = _connect(page, imap, smtp)
        imap.put(LETTER, folder="INBOX")
        assert reading.look(mailbox.pk) >= 1
        page.reload()
        assert axe(page) == []
        _shot(page, "mailbox")

        page.goto("/contacts/mailbox/ledger/")
        assert "stored" in page.inner_text("tr:has-text('Lead time')")
        assert axe(page) == []
        _shot(page, "ledger")
        page.goto(ann.get_absolute_url())
        assert "How long for twelve gauges?" in page.inner_text("#timeline .letter-x")
        page.get_by_role("link", name="Reply").click()
        page.wait_for_selector("#composer [name=subject][value='Re: Lead time']")
        page.fill("#talk-text", "Two weeks.")
        assert axe(page) == []
        _shot(page, "reply")
        page.locator("#composer").get_by_role("button", name="Send").click()
        page.wait_for_selector(".toast-x:has-text('on its way')")
        page.wait_for_selector("#unsent:has-text('Re: Lead time')")

        Delivery.objects.update(due_at=timezone.now())
        send_due(account=f"mailbox:{mailbox.pk}")
        letter = PersonalLetter.objects.get(state="sent")
        sending.file({"letter": letter.pk})

    # The page looks by itself whether the letter has gone.
    page.wait_for_selector("#timeline .tl-item:has-text('sent Re: Lead time')")
    assert page.locator("#unsent .li").count() == 0
    copies = [email.message_from_bytes(raw) for raw in imap.all("Sent")]
    assert [copy["In-Reply-To"] for copy in copies if copy["Subject"] == "Re: Lead time"] == ["<1@client.test>"]
    phone = new_page(viewport=PHONE, theme="dark")
    sign_in(phone, alice)
    phone.goto(ann.get_absolute_url())
    assert axe(phone) == []
    _shot(phone, "phone")
    watch.assert_clean()
