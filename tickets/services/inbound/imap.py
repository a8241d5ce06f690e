"""Fetches new letters over IMAP, one mailbox by one worker at a time."""

import imaplib
import logging
from datetime import timedelta

from django.db import OperationalError
from django.db.models import Q
from django.utils import timezone

from crm.mail import imap
from crm.mail.incoming.parse import LARGEST
from crm.mail.servers import Server
from tickets.models import Mailbox
from tickets.services.inbound.take import park, take

log = logging.getLogger(__name__)
LEASE = timedelta(minutes=5)
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
        if not isinstance(error, OSError | imaplib.IMAP4.error | imap.SignInRefused):
            log.exception("Mailbox %s", mailbox.pk)
        Mailbox.objects.filter(pk=mailbox.pk).update(
            checked_at=timezone.now(), last_error=_words(error), lease_until=None
        )
        return 0


def _words(error):
    return (str(error) or type(error).__name__).replace("\x00", "")[:500]


def _fetch(mailbox):
    with imap.mailbox(_server(mailbox)) as box:
        _check_validity(box.look_at(mailbox.folder), mailbox)
        uids = box.uids_after(mailbox.last_uid)
        for uid in uids[:BATCH]:
            _take_one(box, mailbox, uid)
            mailbox.last_uid = uid
            Mailbox.objects.filter(pk=mailbox.pk).update(last_uid=uid, lease_until=timezone.now() + LEASE)
        return len(uids[:BATCH])


def _server(mailbox):
    """An administrator's server: it may stand in the house."""
    security = "tls" if mailbox.use_tls else "none"
    return Server(mailbox.host, mailbox.port, security, mailbox.user_name, mailbox.password, guarded=False)


def _check_validity(validity, mailbox):
    """A server that numbered its letters anew says so: then all are looked at again, and the ledger keeps doubles out."""
    if validity != mailbox.uid_validity:
        mailbox.uid_validity, mailbox.last_uid = validity, 0
        Mailbox.objects.filter(pk=mailbox.pk).update(uid_validity=validity, last_uid=0)


def _take_one(box, mailbox, uid):
    """One letter; `take` parks one that breaks our reading, so it does not hold up the next."""
    raw = box.letter(uid, LARGEST)
    if raw is None:
        return
    try:
        take(raw, mailbox=mailbox)
    except (OSError, OperationalError):
        raise  # the disk or the database is away: the letter stays on the server and is fetched again
    except Exception as error:
        park(raw, mailbox, error)
