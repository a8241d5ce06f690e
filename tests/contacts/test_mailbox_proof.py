"""Whose the address of a mailbox is: it counts as one's own when a letter to it has come to the mailbox, or its link was followed."""

import re

import pytest
from django.urls import reverse

from contacts.models import PersonalMailbox, SeenLetter
from contacts.services.mailbox import accounts, owning, reading
from crm.mail import send_due
from crm.mail.own import own_addresses
from crm.models import Delivery
from tests.contacts.mailboxes import letter

pytestmark = pytest.mark.django_db
PAGE = reverse("contacts:mailbox")


@pytest.fixture
def unproved(box):
    PersonalMailbox.objects.update(proved_at=None)
    box.refresh_from_db()
    accounts.connect(box)
    return box


def is_proved(box):
    return PersonalMailbox.objects.get(pk=box.pk).proved_at is not None


def test_the_letter_that_lies_in_the_mailbox_proves_its_address(unproved, imap, smtp, alice, client):
    client.force_login(alice)
    assert "A letter went to alice@halden.test" in client.get(PAGE).content.decode()
    assert "alice@halden.test" not in own_addresses()
    send_due()
    [sent] = smtp.letters
    assert sent.to == ["alice@halden.test"]
    # Neither a letter from the address nor one with a mark of somebody's own making says anything.
    mark = re.search(rb"X-Rapport: (\S+)", sent.raw)[1]
    forged = sent.raw.replace(mark, mark[:-1] + (b"0" if mark[-1:] != b"0" else b"1"))
    imap.put(letter(1, "alice@halden.test"), forged)
    reading.look(unproved.pk)
    assert not is_proved(unproved)

    imap.put(sent.raw)
    reading.look(unproved.pk)

    assert is_proved(unproved)
    assert "alice@halden.test" in own_addresses()
    assert SeenLetter.objects.filter(reason=SeenLetter.Reason.OURS).count() == 1
    assert "A letter went to" not in client.get(PAGE).content.decode()


def test_the_letter_of_another_mailbox_proves_nothing(unproved, imap, smtp, alice, bob):
    other = PersonalMailbox.objects.create(user=bob, address="alice@halden.test", imap_host="x", smtp_host="x")
    Delivery.objects.all().delete()
    assert owning.ask(other)
    send_due()
    imap.put(smtp.letters[0].raw)

    reading.look(unproved.pk)

    assert not is_proved(unproved)


def test_the_link_proves_it_to_the_owner_alone_and_only_for_that_address(unproved, alice, bob, client):
    url = re.search(r"/contacts/mailbox/proofs/\S+/", Delivery.objects.get().text)[0]
    client.force_login(bob)
    assert client.post(url).status_code == 404
    client.force_login(alice)
    assert client.get(url).status_code == 200
    assert not is_proved(unproved)
    PersonalMailbox.objects.update(address="other@halden.test")
    assert client.post(url).status_code == 404
    PersonalMailbox.objects.update(address="alice@halden.test")

    client.post(url)

    assert is_proved(unproved)


def test_another_address_is_to_be_proved_anew_and_letters_for_it_are_few(unproved, alice, client):
    client.force_login(alice)
    PersonalMailbox.objects.update(proved_at="2026-01-01T00:00Z")
    form = reverse("contacts:mailbox_edit")
    client.post(form, {"address": "alice@second.test", "first_days": 30, "password": "x"})
    assert not is_proved(unproved)

    for _n in range(6):
        client.post(reverse("contacts:mailbox_ask_proof"))

    assert Delivery.objects.filter(purpose=owning.PURPOSE).count() == owning.A_DAY
    # The address of the account here needs no letter.
    client.post(form, {"address": alice.email, "first_days": 30, "password": "x"})
    assert "A letter went to" not in client.get(PAGE).content.decode()
