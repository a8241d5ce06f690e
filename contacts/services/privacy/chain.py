"""The chain of certificates, walked from its beginning to its end, and held against what lies in the storage.

A certificate that was altered no longer fits its seal; one that was taken out leaves a gap, and when it was the last, its
file is left over. Two that follow the same one are a fork: somebody wrote past the program, or erased in a restored
database before the certificates were repeated there.
"""

from dataclasses import dataclass

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from contacts.services.privacy import certificates
from crm import jobs
from crm.models import Job
from crm.notify import tell_administrators

KIND = "contacts.erasure_chain"
ALTERED, GAP, FORK, GONE, FILE = "altered", "gap", "fork", "gone", "file"
WORDS = {
    ALTERED: _("The certificate no longer says what was sealed."),
    GAP: _("The certificate before it is missing."),
    FORK: _("Another certificate follows the same one: two chains have come to be."),
    GONE: _("It lies in the storage and is missing from the database."),
    FILE: _("Its file in the storage says something else."),
}


@dataclass(frozen=True)
class Fault:
    """What is wrong with the certificate of that number (uuid as text)."""

    number: str
    what: str

    @property
    def words(self):
        return WORDS[self.what]


def faults(step=lambda: None):
    """(number of certificates, faults in their order). `step()` is called after each certificate."""
    kept = {document["uuid"]: document for document in certificates.written()}
    known, followed, found, n = set(), set(), [], 0
    for erasure in certificates.sealed().iterator(chunk_size=500):
        number = str(erasure.uuid)
        wrong = {
            ALTERED: not certificates.is_sound(erasure),
            GAP: erasure.previous and erasure.previous not in known,
            FORK: erasure.previous in followed,
            FILE: kept.pop(number, None) not in (None, certificates.document(erasure)),
        }
        found += [Fault(number, what) for what, is_so in wrong.items() if is_so]
        known.add(erasure.digest)
        followed.add(erasure.previous)
        n += 1
        step()
    return n, [*found, *(Fault(number, GONE) for number in sorted(kept))]


def tell():
    """Administrators hear of a broken chain, once a day."""
    tell_administrators(
        "privacy.broken",
        lambda: gettext("The certificates of erasures are not as they were sealed."),
        reverse("contacts:erasures"),
        key=f"erasures:{timezone.localdate()}",
    )


def start(*, by, quiet=False):
    """Begin to walk the chain; what is being walked goes on. Returns the Job."""
    running = last()
    if running and not running.is_over:
        return running
    return jobs.start(KIND, by=by, params={"quiet": quiet})


def last():
    """The newest check, whoever began it: a Job, or None."""
    return Job.objects.filter(kind=KIND).order_by("-pk").first()


def faults_of(job):
    """The faults that a finished check has found."""
    return [Fault(number, what) for number, what in job.result.get("faults", [])]
