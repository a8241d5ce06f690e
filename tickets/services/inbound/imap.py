"""Fetches new letters over IMAP, one mailbox by one worker at a time."""

import imaplib
import logging
import ssl
from datetime import timedelta

from django.db import OperationalError
from django.db.models import Q
from django.utils import timezone

from tickets.models import Mailbox
from tickets.services.inbound.parse import LARGEST
from tickets.services.inbound.take import park, take

log = logging.getLogger(__name__)
LEASE = timedelta(minutes=5)
TIMEOUT = 30
BATCH = 50


def poll(mailbox_id):
    """Take all new letters of a mailbox. Returns how many were seen; None when another worker holds it."""
    now = timezone.now()
    mine = Mailbox.objects.filter(pk=mailbox_id, is_active=True).filter(Q(lease_until=None) | Q(lease_until__lt=now))
    if not mine.update(lease_until=now + LEASE):
        return None
    mailbox = Mailbox.objects.get(pk=mailbox_id)
    try:
        seen = _fetch(mailbox)
        Mailbox.objects.filter(pk=mailbox.pk).update(checked_at=timezone.now(), last_error="", lease_until=None)
        return seen
    except Exception as error:
        # Whatever breaks gives the mailbox back at once: the next look is in half a minute, not after the lease. The
        # server's own words help whoever set the mailbox up; the password is never among them.
        if not isinstance(error, OSError | imaplib.IMAP4.error):
            log.exception("Mailbox %s", mailbox.pk)
        Mailbox.objects.filter(pk=mailbox.pk).update(
            checked_at=timezone.now(), last_error=_words(error), lease_until=None
        )
        return 0


def _words(error):
    return (str(error) or type(error).__name__).replace("\x00", "")[:500]


def _fetch(mailbox):
    connection = _connect(mailbox)
    try:
        status, said = connection.select(_quoted(mailbox.folder), readonly=True)
        if status != "OK":
            raise imaplib.IMAP4.error(f"folder {mailbox.folder}: {said[0].decode(errors='replace')}")
        _check_validity(connection, mailbox)
        uids = [uid for uid in _new_uids(connection, mailbox) if uid > mailbox.last_uid]
        for uid in uids[:BATCH]:
            _take_one(connection, mailbox, uid)
            mailbox.last_uid = uid
            Mailbox.objects.filter(pk=mailbox.pk).update(last_uid=uid, lease_until=timezone.now() + LEASE)
        return len(uids[:BATCH])
    finally:
        _leave(connection)


def _leave(connection):
    """Sign off. A server that went away meanwhile must not hide what went wrong before."""
    try:
        connection.logout()
    except (OSError, imaplib.IMAP4.error):
        connection.shutdown()


def _connect(mailbox):
    if mailbox.use_tls:
        connection = imaplib.IMAP4_SSL(
            mailbox.host, mailbox.port, ssl_context=ssl.create_default_context(), timeout=TIMEOUT
        )
    else:
        connection = imaplib.IMAP4(mailbox.host, mailbox.port, timeout=TIMEOUT)
    connection.login(mailbox.user_name, mailbox.password)
    return connection


def _check_validity(connection, mailbox):
    """A server that numbered its letters anew says so: then all are looked at again, and the ledger keeps doubles out."""
    validity = int((connection.response("UIDVALIDITY")[1] or [b"0"])[0] or 0)
    if validity != mailbox.uid_validity:
        mailbox.uid_validity, mailbox.last_uid = validity, 0
        Mailbox.objects.filter(pk=mailbox.pk).update(uid_validity=validity, last_uid=0)


def _new_uids(connection, mailbox):
    status, found = connection.uid("SEARCH", None, f"UID {mailbox.last_uid + 1}:*")
    return sorted(int(uid) for uid in found[0].split()) if status == "OK" and found[0] else []


def _take_one(connection, mailbox, uid):
    """One letter; `take` parks one that breaks our reading, so it does not hold up the next."""
    status, found = connection.uid("FETCH", str(uid), f"(BODY.PEEK[]<0.{LARGEST}>)")
    raw = next((part[1] for part in found if isinstance(part, tuple)), None) if status == "OK" else None
    if raw is None:
        return
    try:
        take(raw, mailbox=mailbox)
    except (OSError, OperationalError):
        raise  # the disk or the database is away: the letter stays on the server and is fetched again
    except Exception as error:
        park(raw, mailbox, error)


def _quoted(folder):
    return '"' + folder.replace("\\", "\\\\").replace('"', '\\"') + '"'
