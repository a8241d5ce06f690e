"""Whether the store still holds what was kept: every file is read once a month and compared with its digest."""

import hashlib
import logging
from datetime import timedelta

from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.models import StoredFile
from crm.notify import tell_administrators

EVERY = timedelta(days=30)
# What is damaged is looked at daily: it may have come back from a backup.
AGAIN = timedelta(days=1)
BATCH = 200
log = logging.getLogger(__name__)


def compare_some(now=None):
    """Compare the files whose turn it is, a batch at most; administrators are told of each new trouble. Returns how many."""
    now = now or timezone.now()
    due = Q(checked_at=None) | Q(checked_at__lt=now - EVERY) | Q(checked_at__lt=now - AGAIN) & ~Q(trouble="")
    files = list(StoredFile.objects.filter(due).order_by(F("checked_at").asc(nulls_first=True))[:BATCH])
    for file in files:
        trouble = compare(file)
        # The file may have been deleted meanwhile: then nobody is told.
        is_there = StoredFile.objects.filter(pk=file.pk).update(trouble=trouble, checked_at=now)
        if trouble and trouble != file.trouble and is_there:
            _tell(file, trouble)
    return len(files)


def compare(file):
    """What is wrong with the content of a file: "", "missing" or "changed"."""
    try:
        with file.content.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
    except FileNotFoundError:
        return StoredFile.Trouble.MISSING
    return "" if digest == file.sha256 else StoredFile.Trouble.CHANGED


def _tell(file, trouble):
    log.error("File %s (%s) is %s", file.pk, file.content.name, trouble)

    def say():
        said = {"name": file.name, "trouble": StoredFile.Trouble(trouble).label}
        return _("“%(name)s” is %(trouble)s. Bring it back from a backup.") % said

    tell_administrators("file.trouble", say, file.get_absolute_url(), key=f"{file.pk}:{trouble}")
