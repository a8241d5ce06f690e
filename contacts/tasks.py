"""Sweeps of contacts."""

import logging
import time

from celery import shared_task
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from contacts.models import RetentionRule
from contacts.services import digest, ledger, merging, next_steps, occurrences, opt_in, reminders
from contacts.services.duplicates import searches
from contacts.services.mailbox import comparing, reading
from contacts.services.privacy import certificates, chain, erasing, replay, requests
from contacts.services.quality import figures, measuring, sources, stale
from crm import jobs
from crm.models import User
from crm.notify import tell_administrators

log = logging.getLogger(__name__)


@shared_task
def send_reminders():
    """Give out what is due; a heap is done in rounds."""
    while reminders.send_due() == reminders.BATCH:
        pass


@shared_task
def make_occurrences():
    """What repeats gets its next row."""
    now = timezone.now()
    for row in occurrences.due_rows(now):
        occurrences.make_next(row, now=now)


@shared_task
def send_digests():
    """The letters of the morning."""
    digest.send_due()


@shared_task
def mend_next_steps():
    """Cards that show another step than the earliest open task."""
    next_steps.mend()


@shared_task
def search_duplicates():
    """Start the nightly search in the name of an administrator, and forget what undid merges of long ago."""
    merging.forget_old_merges()
    admin = User.objects.filter(is_active=True, is_superuser=True).order_by("pk").first()
    if admin:
        searches.start(by=admin, quiet=True)


@shared_task
def seal_consents():
    """Seal statements that came past the program, for half a minute at most."""
    end = time.monotonic() + 30
    while time.monotonic() < end and ledger.seal_rest() == ledger.BATCH:
        pass


@shared_task
def check_consents():
    """Hold every chain against its seals, and tell administrators where one does not fit. Old requests are forgotten."""
    opt_in.forget_old()
    after, broken = ledger.FIRST, []
    while after is not None:
        found, after = ledger.broken_chains(after)
        broken += found
    for contact_id in broken[:20]:
        url = reverse("contacts:consents", args=[contact_id])
        tell_administrators(
            "consents.broken",
            lambda: _("A statement in the ledger of consents was altered or removed."),
            url,
            key=f"consents:{contact_id}",
        )


@shared_task
def read_mailboxes():
    """Ring for every personal mailbox that is due."""
    for pk in reading.due(timezone.now()):
        read_mailbox.apply_async(args=[pk], queue="events", expires=60)


@shared_task(soft_time_limit=540, time_limit=600)
def read_mailbox(pk):
    reading.look(pk)


@shared_task
def settle_quality():
    """Measure what has changed since the last ring, for half a minute at most."""
    end = time.monotonic() + 30
    while time.monotonic() < end and measuring.settle():
        pass


@shared_task
def measure_everything():
    """Each night: what was fresh yesterday may not be any more, and conditions ask about more than the record.

    What the triggers should have noted and have not is told in the log before it is put right.
    """
    for kind in measuring.MODELS:
        if missed := measuring.missed(kind):
            counts = ", ".join(f"{name} of {n}" for name, n in missed.items())
            log.warning("The scores of some records (%s) were not what their data give: %s.", kind, counts)
        measuring.mark_all(kind)


@shared_task
def count_quality():
    """The figures of the pages, when anything was measured since the last count or a new day has begun."""
    if figures.is_due():
        figures.count()
        sources.name_bad_ones()


@shared_task
def remind_of_stale():
    """Monday's word to the owners of old records."""
    stale.remind()


@shared_task
def keep_privacy():
    """Deadlines are told, copies that nobody may fetch any more go."""
    requests.remind()
    requests.drop_copies()
    erasing.settle_all()
    # A backup was restored: whoever was erased since is erased again without anybody thinking of it.
    for number in replay.restore():
        log.error("The certificate %s is not as it was sealed.", number)


@shared_task
def check_erasures():
    """Each night the chain of certificates is walked, in the name of an administrator."""
    admin = User.objects.filter(is_active=True, is_superuser=True).order_by("pk").first()
    if admin and certificates.sealed().exists():
        chain.start(by=admin, quiet=True)


@shared_task
def sweep_retention():
    """The rules that are switched on, in the name of an administrator."""
    admin = User.objects.filter(is_active=True, is_superuser=True).order_by("pk").first()
    if admin and RetentionRule.objects.filter(is_on=True).exists():
        jobs.start("contacts.retention", by=admin, params={"quiet": True})


@shared_task
def compare_mailboxes():
    """Ring for every personal mailbox that was not compared this night."""
    for pk in comparing.due(timezone.now()):
        compare_mailbox.apply_async(args=[pk], queue="events", expires=3000)


@shared_task(soft_time_limit=540, time_limit=600)
def compare_mailbox(pk):
    comparing.compare(pk)
