"""The ledger of letters: each kept as it came before anything is made of it, so that none is lost."""

import gzip
import hashlib
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from crm import files
from crm.models import StoredFile
from tickets.models import DeskSettings, InboundMail

Outcome = InboundMail.Outcome
# A letter that is being taken in longer than this was left by a worker that died.
ABANDONED = timedelta(minutes=10)
HOUR = timedelta(hours=1)
BATCH = 200


def known(message_id, raw, mailbox):
    """The row of the same letter, or None. Rows from before digests were kept know their letter by its id alone."""
    same = Q(digest=digest_of(raw)) | Q(digest="")
    return InboundMail.objects.filter(same, message_id=message_id, mailbox=mailbox).first()


def enter(raw, *, message_id, mailbox, sender="", subject=""):
    """Keep a letter: (row, whether it is new). Two workers with the same letter get one row."""
    row = known(message_id, raw, mailbox)
    if row:
        return row, False
    kept = _keep(raw)
    try:
        with transaction.atomic():
            row = InboundMail.objects.create(
                mailbox=mailbox,
                message_id=message_id,
                digest=digest_of(raw),
                sender=sender[:320],
                subject=subject[:300],
                raw=kept,
            )
            return row, True
    except IntegrityError:
        _drop(kept)
        return known(message_id, raw, mailbox), False


def raw_of(row):
    """The letter as it came, or None when it has been swept away or the store has lost it."""
    if row.raw is None:
        return None
    try:
        with row.raw.content.open("rb") as packed:
            return gzip.decompress(packed.read())
    except FileNotFoundError:
        return None


def digest_of(raw):
    """SHA-256 of the body: the head of the same letter differs by the way it took."""
    head, gap, body = raw.partition(b"\r\n\r\n")
    if not gap:
        head, gap, body = raw.partition(b"\n\n")
    return hashlib.sha256((body if gap else head).replace(b"\r\n", b"\n").strip()).hexdigest()


def made_within_the_hour(mailbox):
    """How many contacts the letters of a mailbox have made in the last hour."""
    since = timezone.now() - HOUR
    return InboundMail.objects.filter(mailbox=mailbox, made_contact=True, received_at__gt=since).count()


def sweep(limit=BATCH):
    """Remove originals that are older than the desk keeps them; those that wait for a look stay. Returns how many."""
    days = DeskSettings.get().raw_days
    if not days:
        return 0
    old = InboundMail.objects.filter(raw__isnull=False, received_at__lt=timezone.now() - timedelta(days=days))
    rows = list(old.exclude(outcome__in=[*InboundMail.WAITING, Outcome.TAKING]).select_related("raw")[:limit])
    for row in rows:
        _drop(row.raw)
    return len(rows)


def abandoned():
    """Letters whose worker died while taking them in."""
    return InboundMail.objects.filter(outcome=Outcome.TAKING, received_at__lt=timezone.now() - ABANDONED)


def _keep(raw):
    """The packed letter as a file. Its target is the ledger, to which nobody has rights: it leaves by its own door."""
    packed = gzip.compress(raw, 6, mtime=0)
    return files.store(packed, "letter.eml.gz", kind="letter", limit=None) if raw else None


def _drop(file):
    if file is not None:
        file.content.delete(save=False)
        StoredFile.objects.filter(pk=file.pk).delete()
