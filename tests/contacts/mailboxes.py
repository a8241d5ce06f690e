"""What the tests of personal mailboxes share."""

from django.utils import timezone

from contacts.models import MailFolder, PersonalMailbox
from contacts.services.mailbox import accounts
from tests.imap_server import FOLDER, PASSWORD, USER


def connect(user, imap, settings, *, smtp_port=9):
    """The user's mailbox on the test server, its folder of received letters the server's empty one."""
    settings.OUTSIDE_ALLOW = [f"127.0.0.1:{imap.port}", f"127.0.0.1:{smtp_port}"]
    mailbox = PersonalMailbox(
        user=user,
        address="alice@halden.test",
        imap_host="127.0.0.1",
        imap_port=imap.port,
        imap_security="none",
        smtp_host="127.0.0.1",
        smtp_port=smtp_port,
        smtp_security="none",
        user_name=USER,
    )
    mailbox.password, mailbox.proved_at = PASSWORD, timezone.now()
    accounts.connect(mailbox)
    for path, role in ((FOLDER, "inbox"), ("Sent", "sent")):
        MailFolder.objects.create(mailbox=mailbox, path=path, name=path, role=role, is_chosen=True)
    return mailbox


def letter(n, sender="ann@client.test", to="alice@halden.test", subject="Case", body="Hello.", head=""):
    return (
        f"From: Ann Lee <{sender}>\r\nTo: {to}\r\nSubject: {subject} {n}\r\nMessage-ID: <{n}@client.test>\r\n"
        f"{head}\r\n{body}\r\n"
    ).encode()
