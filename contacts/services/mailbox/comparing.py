"""At night every folder is held against the ledger, number by number. What the ledger lacks is taken in and told."""

import imaplib
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from celery.exceptions import SoftTimeLimitExceeded
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import ngettext, override

from contacts.models import MailFolder, PersonalMailbox, SeenLetter
from contacts.services.mailbox import accounts, reading
from crm import outside
from crm.kept import keeping
from crm.mail import imap
from crm.models import Workspace
from crm.notify import notify

NIGHT = time(2)
BATCH = 5000


def due(now):
    """Keys of mailboxes with a folder that was not compared since this night began."""
    zone = ZoneInfo(Workspace.get().time_zone)
    night = datetime.combine(now.astimezone(zone).date(), NIGHT, zone)
    began = night if night <= now else night - timedelta(days=1)
    folders = MailFolder.objects.filter(Q(compared_at=None) | Q(compared_at__lt=began), is_chosen=True, base_uid__isnull=False)  # fmt: skip
    rows = PersonalMailbox.objects.filter(state=PersonalMailbox.State.ACTIVE, user__is_active=True, failures=0)
    return list(rows.filter(folders__in=folders).distinct().order_by("pk").values_list("pk", flat=True)[:500])


def compare(mailbox_id):
    """Compare the folders of a mailbox. Returns how many letters were missing; None when another worker has it."""
    now = timezone.now()
    mine = PersonalMailbox.objects.filter(pk=mailbox_id, state=PersonalMailbox.State.ACTIVE)
    if not mine.filter(Q(lease_until=None) | Q(lease_until__lt=now)).update(lease_until=now + reading.LEASE):
        return None
    mailbox = PersonalMailbox.objects.select_related("user").get(pk=mailbox_id)
    missing = 0
    try:
        with keeping(), imap.mailbox(accounts.server_of(mailbox, "imap")) as box:
            for folder in mailbox.folders.filter(is_chosen=True, base_uid__isnull=False):
                missing += _compare_folder(box, mailbox, folder)
    except (OSError, imaplib.IMAP4.error, imap.SignInRefused, outside.Refused, accounts.NoToken, SoftTimeLimitExceeded):
        pass  # the next look tells what is wrong; folders that were not compared are due again in an hour
    finally:
        PersonalMailbox.objects.filter(pk=mailbox.pk).update(lease_until=None)
    return missing


def _compare_folder(box, mailbox, folder):
    if box.look_at(folder.path) != folder.uid_validity:
        return 0  # numbered anew: the next look reads all of it again
    there = set(box.uids_after(folder.base_uid))
    rows = SeenLetter.objects.filter(folder=folder, uid_validity=folder.uid_validity)
    known = set(rows.values_list("uid", flat=True))
    # What came since the last look is no difference: it is read within a minute.
    missing = sorted(uid for uid in there - known if uid <= folder.last_uid)
    for start in range(0, len(missing), reading.BATCH):
        reading.take(box, mailbox, folder, missing[start : start + reading.BATCH])
        reading.hold(mailbox)
    _mark_gone(rows, there)
    folder.compared_at, folder.missing = timezone.now(), len(missing)
    folder.on_server = sum(1 for uid in there if uid <= folder.last_uid)
    folder.in_ledger = rows.filter(gone_at=None).count()
    folder.save(update_fields=["compared_at", "missing", "on_server", "in_ledger"])
    if missing:
        _tell(mailbox, folder)
    return len(missing)


def _mark_gone(rows, there):
    """Letters that their owner moved or deleted are no difference: they were seen, and are not there any more."""
    present = list(rows.filter(gone_at=None).values_list("pk", "uid"))
    gone = [pk for pk, uid in present if uid not in there]
    for start in range(0, len(gone), BATCH):
        rows.filter(pk__in=gone[start : start + BATCH]).update(gone_at=timezone.now())


def _tell(mailbox, folder):
    with override(mailbox.user.language):
        text = ngettext(
            "%(n)s letter of “%(folder)s” was missing in the ledger and has been taken in.",
            "%(n)s letters of “%(folder)s” were missing in the ledger and have been taken in.",
            folder.missing,
        ) % {"n": folder.missing, "folder": folder}
    key = f"missing:{folder.pk}:{folder.compared_at:%Y-%m-%d}"
    notify(mailbox.user, "mailbox.trouble", text, reverse("contacts:mailbox"), key=key)
