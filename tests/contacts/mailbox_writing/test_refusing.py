"""Letters that are refused, held back, late, or must not go."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from contacts.models import ContactPoint, ErasedAddress, PersonalMailbox
from contacts.services import consents, people, points
from contacts.services.letters import LetterRefused
from contacts.services.mailbox import accounts, reading, writing
from crm.mail import send_due, worker
from crm.models import Delivery, Event, Notification
from tests.contacts.mailbox_writing.sending import State, go

pytestmark = pytest.mark.django_db


def test_a_letter_that_waits_can_be_changed_and_one_on_its_way_cannot(box, own, ann, alice, client):
    at = timezone.now() + timedelta(days=2)
    row = writing.write(box, ann, subject="Offer", text="Hi", at=at)
    assert Delivery.objects.get().due_at == at
    client.force_login(alice)
    assert "Offer" in client.get(ann.get_absolute_url()).content.decode()
    url, later = reverse("contacts:letter_edit", args=[row.pk]), timezone.now() + timedelta(days=3)

    said = client.post(url, {"subject": "Offer 2", "text": "Hello", "at": f"{later:%Y-%m-%dT%H:%M}"})
    assert said.status_code == 302
    refused = client.post(url, {"subject": "Offer 3", "text": "Hello", "at": "2020-01-01T09:00"})
    assert refused.status_code == 422
    assert f"{Delivery.objects.get().due_at:%Y-%m-%dT%H:%M}" == f"{later:%Y-%m-%dT%H:%M}"

    go(box)
    assert own.letters[0].subject == "Offer 2"
    with pytest.raises(writing.TooLate):
        writing.take_back(row)
    row.refresh_from_db()
    assert row.state == State.SENT


def test_a_refused_letter_shows_why_and_goes_again(box, own, ann, alice, client):
    own.answer("ann@client.test", "550 5.7.1 Not today")
    row = writing.write(box, ann, subject="Offer", text="Hi")
    go(box)
    row.refresh_from_db()
    assert (row.state, row.error) == (State.FAILED, "the server refused it 550 5.7.1 Not today")
    told = Notification.objects.get(user=alice, kind="mailbox.trouble")
    assert ("Offer" in told.text, told.url) == (False, row.get_absolute_url())
    client.force_login(alice)
    assert "550 5.7.1 Not today" in client.get(ann.get_absolute_url()).content.decode()

    client.post(reverse("contacts:letter_retry", args=[row.pk]))
    go(box)

    row.refresh_from_db()
    assert (row.state, len(own.letters)) == (State.SENT, 1)
    assert Event.objects.filter(kind="mail.sent").count() == 1


def test_a_letter_that_was_held_back_goes_when_nothing_stands_against_it_any_more(box, own, ann):
    row = writing.write(box, ann, subject="Offer", text="Hi")
    ContactPoint.objects.update(bounced_at=timezone.now())
    go(box)
    row.refresh_from_db()
    assert (row.state, own.letters) == (State.FAILED, [])

    ContactPoint.objects.update(bounced_at=None)
    writing.retry(row)
    go(box)

    row.refresh_from_db()
    assert (row.state, len(own.letters)) == (State.SENT, 1)


def test_a_refused_sign_in_is_not_tried_on_and_on(box, own, ann):
    box.password = "wrong"
    box.save()
    row = writing.write(box, ann, subject="Offer", text="Hi")

    go(box)

    row.refresh_from_db()
    assert row.state == State.FAILED
    assert Delivery.objects.get().reason == "sign_in"
    assert worker.due_accounts() == []


def test_a_server_that_is_away_holds_up_nobody_elses_letters(box, own, smtp, ann, bob):
    writing.write(box, ann, subject="Offer", text="Hi")
    PersonalMailbox.objects.filter(pk=box.pk).update(smtp_port=1)
    company = Delivery.objects.create(kind="service", key="x", to="b@client.test", text="x", message_id="<x@x>")
    Delivery.objects.update(due_at=timezone.now())

    assert worker.due_accounts() == [f"mailbox:{box.pk}"]
    send_due()
    go(box)

    company.refresh_from_db()
    waiting = Delivery.objects.exclude(pk=company.pk).get()
    assert (company.state, waiting.state, waiting.reason) == ("sent", "queued", "server_away")


def test_a_letter_that_comes_back_says_so_on_itself_and_tells_only_its_owner(box, own, imap, ann, alice, bob):
    row = writing.write(box, ann, subject="Wage", text="Hi")
    go(box)
    report = (
        "From: mailer-daemon@client.test\r\nTo: alice@halden.test\r\nMessage-ID: <r@x>\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\n"
        "Final-Recipient: rfc822; ann@client.test\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 No such user\r\n"
        f"--b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: {row.message_id}\r\n\r\nx\r\n--b--\r\n"
    )
    imap.put(report.encode())

    reading.look(box.pk)

    row.refresh_from_db()
    assert row.state == State.BOUNCED
    assert "No such user" in row.error
    assert ContactPoint.objects.get(norm="ann@client.test").bounced_at is not None
    assert not Event.objects.filter(kind="email.bounced").exists()
    with pytest.raises(LetterRefused, match="come back"):
        writing.write(box, ann, subject="Again", text="Hi")


def test_nothing_goes_to_whom_it_must_not_even_when_that_is_said_later(box, own, ann, alice):
    row = writing.write(box, ann, subject="Offer", text="Hi")
    consents.state_consent(ann, "personal_data", given=False, by=alice)

    go(box)
    row.refresh_from_db()
    assert (own.letters, row.state) == ([], State.FAILED)
    with pytest.raises(LetterRefused, match="withdrawn"):
        writing.write(box, ann, subject="Offer", text="Hi")
    other = people.create_contact(by=alice, first_name="Bo", email="bo@client.test")
    with pytest.raises(LetterRefused, match="none of the addresses"):
        writing.write(box, other, subject="Offer", text="Hi", to="ann@client.test")
    accounts.disconnect(box, keep=True)
    with pytest.raises(LetterRefused, match="not connected"):
        writing.write(box, other, subject="Offer", text="Hi")


def test_no_copy_goes_to_whom_no_letter_may_go(box, own, ann, alice):
    bo = people.create_contact(by=alice, first_name="Bo", email="bo@client.test")
    row = writing.write(box, ann, subject="Offer", text="Hi", copies=["c@client.test", "bo@client.test"])
    consents.state_consent(bo, "personal_data", given=False, by=alice)

    go(box)

    row.refresh_from_db()
    assert (own.letters, row.state) == ([], State.FAILED)
    assert "get a copy" in row.error
    with pytest.raises(LetterRefused, match="bo@client.test: its owner has refused"):
        writing.retry(row)
    with pytest.raises(LetterRefused, match="bo@client.test: its owner has refused"):
        writing.write(box, ann, subject="Offer", text="Hi", copies=["bo@client.test"])
    consents.state_consent(bo, "personal_data", given=True, by=alice)
    ContactPoint.objects.filter(contact=bo).update(bounced_at=timezone.now())
    with pytest.raises(LetterRefused, match="bo@client.test come back"):
        writing.retry(row)
    ContactPoint.objects.filter(contact=bo).update(bounced_at=None)
    ErasedAddress.objects.create(digest=ErasedAddress.digest_of("c@client.test"))
    with pytest.raises(LetterRefused, match="c@client.test: its owner has refused"):
        writing.retry(row)
    ErasedAddress.objects.all().delete()

    writing.retry(row)
    go(box)

    assert [letter.to for letter in own.letters] == [["ann@client.test", "c@client.test", "bo@client.test"]]


def test_no_letter_goes_to_a_dead_address_of_a_company(box, ann):
    points.add_point(ann.company, "email", "office@acme.test")
    ContactPoint.objects.filter(company=ann.company).update(bounced_at=timezone.now())

    with pytest.raises(LetterRefused, match="office@acme.test come back"):
        writing.write(box, ann.company, subject="Offer", text="Hi", to="office@acme.test")
