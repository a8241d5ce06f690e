"""Letters fetched from a real IMAP server."""

import base64
import imaplib
import socket
import subprocess
import sys
import time

import pytest
from django.utils import timezone

from tickets.models import InboundMail, Mailbox, Ticket
from tickets.services.inbound import imap

pytestmark = pytest.mark.django_db
LETTER = (
    b"From: ann%d@example.com\r\nTo: s@halden.test\r\nSubject: Case %d\r\nMessage-ID: <%d@example.com>\r\n\r\nHelp."
)


@pytest.fixture
def server():
    """A pymap server with one empty folder; gives its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = [sys.executable, "-c", "from pymap.main import main; main()"]
    command = [*program, "--no-tls", "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen([*command, "dict", "--demo-data"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait(port)
        yield port
    finally:
        process.terminate()
        process.wait(10)


def _wait(port):
    for _n in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the IMAP server did not start")


@pytest.fixture
def box(server, workspace, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    with imaplib.IMAP4("127.0.0.1", server) as connection:
        connection.login("demouser", "demopass")
        connection.create("Support")
    box = Mailbox(name="Support", address="s@halden.test", host="127.0.0.1", port=server, use_tls=False)
    box.user_name, box.folder, box.password = "demouser", "Support", "demopass"
    box.save()
    return box


def put(box, *numbers):
    with imaplib.IMAP4("127.0.0.1", box.port) as connection:
        connection.login("demouser", "demopass")
        for n in numbers:
            assert connection.append("Support", None, None, LETTER % (n, n, n))[0] == "OK"


def test_new_letters_become_tickets_once(box):
    put(box, 1, 2)

    first, second = imap.poll(box.pk), imap.poll(box.pk)
    put(box, 3)
    third = imap.poll(box.pk)

    box.refresh_from_db()
    assert (first, second, third) == (2, 0, 1), box.last_error
    assert sorted(Ticket.objects.values_list("subject", flat=True)) == ["Case 1", "Case 2", "Case 3"]
    assert (box.last_error, box.lease_until) == ("", None)


def test_a_server_that_numbers_anew_brings_no_doubles(box):
    put(box, 1, 2)
    imap.poll(box.pk)
    Mailbox.objects.filter(pk=box.pk).update(uid_validity=1, last_uid=900)

    assert imap.poll(box.pk) == 2
    assert (Ticket.objects.count(), InboundMail.objects.count()) == (2, 2)


def test_a_wrong_password_is_told_and_not_shown(box):
    box.password = "wrong-word"
    box.save()

    assert imap.poll(box.pk) == 0
    box.refresh_from_db()
    assert box.last_error
    assert "wrong-word" not in box.last_error
    assert box.lease_until is None


def test_a_mailbox_in_other_hands_is_left_alone(box):
    Mailbox.objects.filter(pk=box.pk).update(lease_until=timezone.now() + imap.LEASE)

    assert imap.poll(box.pk) is None


def test_the_password_cannot_be_read_from_the_database(box, settings):
    box.refresh_from_db()
    assert box.password == "demopass"
    assert b"demopass" not in base64.urlsafe_b64decode(box.secret)
    settings.SECRET_KEY = "another-key-that-is-long-enough-for-every-check-000000"
    assert box.password == ""
