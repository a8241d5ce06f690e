"""Reads what is new in personal mailboxes: one mailbox by one worker at a time, every letter into the ledger once.

A turn reads the heads of new letters in batches and fetches only those that concern people known here. How far a
folder is read is written with each batch, so a turn that dies in the middle is continued, and a letter that was
noted before is not noted twice.
"""

import imaplib
import logging
import random
from datetime import timedelta

from celery.exceptions import SoftTimeLimitExceeded
from django.db import DatabaseError, OperationalError, transaction
from django.db.models import DateTimeField, Exists, OuterRef, Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from contacts.models import MailFolder, PersonalMailbox, SeenLetter
from contacts.services.mailbox import accounts, owning
from contacts.services.mailbox.judging import Verdict, is_out, judge
from contacts.services.mailbox.keeping import store
from crm import outside
from crm.kept import keeping
from crm.mail import imap
from crm.mail.bounces import take_report
from crm.mail.incoming.guard import may_be_human
from crm.mail.incoming.parse import LARGEST, parse

log = logging.getLogger(__name__)
State, Reason = SeenLetter.State, SeenLetter.Reason
LEASE = timedelta(minutes=5)
EVERY = timedelta(seconds=60)
# After the first, second, … failure.
BACKOFF = [timedelta(minutes=m) for m in (1, 2, 5, 15, 30, 60)]
# So many refusals in a row are no slip of the server: asking on would lock the account.
REFUSALS = 3
BATCH = 50
TURN = 500
TRIES = 5


def due(now):
    """Keys of the mailboxes to be looked at."""
    rows = PersonalMailbox.objects.filter(state=PersonalMailbox.State.ACTIVE, next_at__lte=now, user__is_active=True)
    return list(rows.filter(Q(lease_until=None) | Q(lease_until__lt=now)).order_by("next_at").values_list("pk", flat=True)[:500])  # fmt: skip


def look(mailbox_id):
    """Read what is new. Returns how many letters were seen; None when another worker has the mailbox or it rests.

    A turn whose time is over ends where it stands, and the next one goes on from there.
    """
    now = timezone.now()
    mine = PersonalMailbox.objects.filter(pk=mailbox_id, state=PersonalMailbox.State.ACTIVE)
    if not mine.filter(Q(lease_until=None) | Q(lease_until__lt=now)).update(lease_until=now + LEASE):
        return None
    mailbox = PersonalMailbox.objects.select_related("user").get(pk=mailbox_id)
    try:
        with keeping():
            seen, is_more = _read(mailbox)
    except SoftTimeLimitExceeded:
        _settle(mailbox, next_at=timezone.now())
        return 0
    except Exception as error:
        _failed(mailbox, error)
        return 0
    after = timedelta() if is_more else EVERY + timedelta(seconds=random.uniform(0, 10))  # noqa: S311  spreads the looks
    _settle(mailbox, checked_at=timezone.now(), last_error="", failures=0, next_at=timezone.now() + after)
    return seen


def _read(mailbox):
    with imap.mailbox(accounts.server_of(mailbox, "imap")) as box:
        if not mailbox.folders.exists():
            accounts.note_folders(mailbox, box.folders())
        if mailbox.provider and not mailbox.is_proved:
            # The provider lets in only whom the address belongs to.
            owning.prove(mailbox)
        seen, is_more = 0, False
        marked = SeenLetter.objects.filter(state=State.AGAIN, folder=OuterRef("pk"))
        for folder in mailbox.folders.annotate(is_asked=Exists(marked)).filter(Q(is_chosen=True) | Q(is_asked=True)):
            validity = box.look_at(folder.path)
            for count, rest in (
                _read_folder(box, mailbox, folder, validity) if folder.is_chosen else (0, False),
                _take_again(box, mailbox, folder, validity) if folder.is_asked else (0, False),
            ):
                seen, is_more = seen + count, is_more or rest
        return seen, is_more


def _read_folder(box, mailbox, folder, validity):
    """(letters seen, whether there are more)."""
    if folder.base_uid is None or validity != folder.uid_validity:
        _begin(box, mailbox, folder, validity)
    uids = box.uids_after(folder.last_uid)
    for start in range(0, len(uids[:TURN]), BATCH):
        chunk = uids[start : min(start + BATCH, TURN)]
        take(box, mailbox, folder, chunk)
        folder.last_uid = chunk[-1]
        folder.first_done = min(folder.first_total, folder.first_done + len(chunk))
        MailFolder.objects.filter(pk=folder.pk).update(last_uid=folder.last_uid, first_done=folder.first_done)
        hold(mailbox)
    return len(uids[:TURN]), len(uids) > TURN


def hold(mailbox):
    """Keep the mailbox for this worker."""
    PersonalMailbox.objects.filter(pk=mailbox.pk).update(lease_until=timezone.now() + LEASE)


def _take_again(box, mailbox, folder, validity):
    """Judge letters anew whose rows are marked (`retaking`). Returns (how many, whether there are more)."""
    marked = SeenLetter.objects.filter(folder=folder, state=State.AGAIN)
    # Under numbers that hold no more nothing is found.
    _note_gone(marked.exclude(uid_validity=validity))
    rows = list(marked.select_related("folder__mailbox__user").order_by("uid")[: TURN + 1])
    for start in range(0, len(rows[:TURN]), BATCH):
        chunk = rows[start : min(start + BATCH, TURN)]
        there = set(box.uids("UID", ",".join(str(row.uid) for row in chunk)))
        _note_gone(marked.filter(uid__in={row.uid for row in chunk} - there))
        heads = box.heads(sorted(there)) if there else {}
        for row in chunk:
            if row.uid in there:
                row.attempts, row.detail = row.attempts + 1, ""
                take_one(box, mailbox, row, heads.get(row.uid))
        hold(mailbox)
    return len(rows[:TURN]), len(rows) > TURN


def _note_gone(rows):
    rows.update(state=State.GONE, gone_at=Coalesce("gone_at", timezone.now(), output_field=DateTimeField()))


def _begin(box, mailbox, folder, validity):
    """Start a folder, or start it again because its server numbers letters anew: rows under old numbers go, letters stay."""
    folder.seen.all().delete()
    window = box.uids("SINCE", imaplib.Time2Internaldate(mailbox.since)[1:12].strip())
    folder.base_uid = window[0] - 1 if window else (box.uids("ALL") or [0])[-1]
    folder.uid_validity, folder.last_uid = validity, folder.base_uid
    folder.first_total, folder.first_done = len(box.uids_after(folder.base_uid)), 0
    folder.save()


def take(box, mailbox, folder, uids):
    """Note these letters of the open folder in the ledger, and store those that belong here."""
    known = set(SeenLetter.objects.filter(folder=folder, uid_validity=folder.uid_validity, uid__in=uids).values_list("uid", flat=True))  # fmt: skip
    wanted = [uid for uid in uids if uid not in known]
    heads = box.heads(wanted) if wanted else {}
    for uid in wanted:
        row = SeenLetter(folder=folder, uid_validity=folder.uid_validity, uid=uid)
        take_one(box, mailbox, row, heads.get(uid))


def take_one(box, mailbox, row, head):
    """Judge one letter and write its row. One that breaks our reading is noted as failed and holds up no other."""
    try:
        if head is None:
            row.state, row.reason = State.FAILED, Reason.WITHHELD
        else:
            _describe(row, head, mailbox)
            with transaction.atomic():
                _judge(box, mailbox, row, head)
                _write(row)
            return
    except (OSError, imaplib.IMAP4.error, OperationalError, SoftTimeLimitExceeded):
        # The server, the disk or the database is away, or the time is over: the letter stays and is read again.
        raise
    except Exception as error:
        log.exception("Letter %s of folder %s", row.uid, row.folder_id)
        row.state, row.reason, row.letter = State.FAILED, Reason.BROKEN, None
        row.detail = _words(error)
    _write(row)


def _describe(row, head, mailbox):
    """What the ledger shows of a letter, as far as its head can be read."""
    letter = parse(head.raw)
    row.head = letter
    row.message_id, row.size, row.sent_at = letter.message_id[:255], head.size, letter.sent_at
    row.sender, row.sender_name, row.subject = letter.sender[:320], letter.sender_name, letter.subject
    row.recipients = ", ".join(address for _name, address in letter.recipients)[:500]
    row.is_out = is_out(letter, mailbox, row.folder)


def _judge(box, mailbox, row, head):
    is_late = not row.folder.is_first_look
    verdict = judge(row.head, mailbox, row.folder, is_late=is_late)
    if verdict.reason == Reason.REPORT:
        verdict = _report(box, row)
    if verdict.reason == Reason.OURS:
        owning.learn(mailbox, row.head)
    row.state, row.reason, row.letter = State.SKIPPED, verdict.reason, verdict.letter
    if verdict.reason:
        return
    row.state = State.STORED
    if verdict.letter:
        return
    raw = box.letter(row.uid, LARGEST)
    if raw is None:
        row.state, row.reason = State.FAILED, Reason.WITHHELD
        return
    letter = parse(raw)
    letter.message_id = row.message_id
    row.letter = store(letter, mailbox, verdict.parties, is_out=row.is_out)


def _report(box, row):
    """A report of the mail system is laid to the letter it is about. One about nothing of ours is left alone."""
    raw = box.letter(row.uid, LARGEST)
    report, delivery = take_report(raw or b"")
    if delivery:
        return Verdict(Reason.REPORT)
    return Verdict(Reason.UNKNOWN if may_be_human(row.head, report) else Reason.MACHINE)


def _write(row):
    """The row, once: a second worker with the same letter finds it there."""
    if row.pk:
        row.save()
    else:
        SeenLetter.objects.bulk_create([row], ignore_conflicts=True)


def _failed(mailbox, error):
    if isinstance(error, imap.SignInRefused | accounts.NoToken):
        accounts.note_refusal(mailbox, error, last=mailbox.failures + 1 >= REFUSALS)
    elif not isinstance(error, OSError | imaplib.IMAP4.error | outside.Refused | OperationalError):
        log.exception("Personal mailbox %s", mailbox.pk)
    pause = BACKOFF[min(mailbox.failures, len(BACKOFF) - 1)]
    _settle(mailbox, last_error=_words(error), failures=mailbox.failures + 1, next_at=timezone.now() + pause)


def _settle(mailbox, **values):
    PersonalMailbox.objects.filter(pk=mailbox.pk).update(lease_until=None, **values)


def _words(error):
    if isinstance(error, DatabaseError):
        return type(error).__name__
    return (str(error) or type(error).__name__).replace("\x00", "")[:300]
