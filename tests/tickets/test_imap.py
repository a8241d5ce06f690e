"""Letters fetched from a real IMAP server."""

import base64

import pytest
from django.db import connection
from django.utils import timezone

from contacts.models import Contact
from tickets.models import InboundMail, Mailbox, Ticket
from tickets.services.inbound import imap as poller

pytestmark = pytest.mark.django_db
LETTER = (
    b"From: ann%d@example.com\r\nTo: s@halden.test\r\nSubject: Case %d\r\nMessage-ID: <%d@example.com>\r\n\r\nHelp."
)


@pytest.fixture
def box(imap, workspace, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return imap.fetched_by(Mailbox(name="Support", address="s@halden.test"))


@pytest.fixture
def put(imap):
    return lambda *numbers: imap.put(*(LETTER % (n, n, n) for n in numbers))


def test_new_letters_become_tickets_once(box, put):
    put(1, 2)

    first, second = poller.poll(box.pk), poller.poll(box.pk)
    put(3)
    third = poller.poll(box.pk)

    box.refresh_from_db()
    assert (first, second, third) == (2, 0, 1), box.last_error
    assert sorted(Ticket.objects.values_list("subject", flat=True)) == ["Case 1", "Case 2", "Case 3"]
    assert (box.last_error, box.lease_until) == ("", None)


def test_e1_d20_a_server_that_numbers_anew_brings_no_doubles(box, put):
    put(1, 2)
    poller.poll(box.pk)
    Mailbox.objects.filter(pk=box.pk).update(uid_validity=1, last_uid=900)

    assert poller.poll(box.pk) == 2
    assert (Ticket.objects.count(), InboundMail.objects.count()) == (2, 2)


def test_a_wrong_password_is_told_and_not_shown(box):
    box.password = "wrong-word"
    box.save()

    assert poller.poll(box.pk) == 0
    box.refresh_from_db()
    assert box.last_error
    assert "wrong-word" not in box.last_error
    assert box.lease_until is None


def test_a_mailbox_in_other_hands_is_left_alone(box):
    Mailbox.objects.filter(pk=box.pk).update(lease_until=timezone.now() + poller.LEASE)

    assert poller.poll(box.pk) is None


def test_the_password_cannot_be_read_from_the_database(box, settings):
    box.refresh_from_db()
    assert box.password == "demopass"
    assert b"demopass" not in base64.urlsafe_b64decode(box.secret)
    settings.SECRET_KEY = "another-key-that-is-long-enough-for-every-check-000000"
    assert box.password == ""


REFUSAL = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'the database says no'; END $$;
CREATE TRIGGER refuse BEFORE INSERT ON tickets_ticket FOR EACH ROW WHEN (NEW.subject = 'Case 2') EXECUTE FUNCTION refuse();
"""


def test_e25_d20_one_letter_that_breaks_us_holds_up_no_other(box, put):
    with connection.cursor() as cursor:
        cursor.execute(REFUSAL)
    put(1, 2, 3)

    seen = poller.poll(box.pk)

    box.refresh_from_db()
    assert (seen, box.lease_until, box.last_error) == (3, None, "")
    assert list(InboundMail.objects.order_by("pk").values_list("outcome", flat=True)) == [
        "created",
        "failed",
        "created",
    ]
    assert "the database says no" in InboundMail.objects.get(outcome="failed").reason
    assert Contact.objects.count() == 2
    assert poller.poll(box.pk) == 0


def test_d15_d20_whatever_breaks_gives_the_mailbox_back_at_once_and_loses_nothing(box, put, settings, tmp_path):
    put(1)
    (tmp_path / "file").write_text("in the way")
    settings.MEDIA_ROOT = tmp_path / "file"

    assert poller.poll(box.pk) == 0
    box.refresh_from_db()
    assert box.lease_until is None
    assert box.last_error
    assert not InboundMail.objects.exists()

    settings.MEDIA_ROOT = tmp_path
    assert poller.poll(box.pk) == 1
    assert Ticket.objects.count() == 1


def test_a_folder_that_cannot_be_named_gives_the_mailbox_back(box):
    Mailbox.objects.filter(pk=box.pk).update(folder="No\r\nsuch")

    assert poller.poll(box.pk) == 0
    box.refresh_from_db()
    assert box.lease_until is None
    assert box.last_error
