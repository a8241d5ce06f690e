"""Long work with progress: import, export, bulk edits, rebuilds.

A job is a row that a person watches; the outbox runs it. The work reports with `advance()`, which also notices a
wish to cancel. It may be run again after a crash: `job.checkpoint` holds where it stood.
"""

from dataclasses import dataclass
from datetime import timedelta

import pghistory
from django.db import transaction
from django.db.models import Exists, OuterRef, TextField
from django.db.models.functions import Cast
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from crm import outbox
from crm.kept import keeping
from crm.models.job import Job
from crm.models.outbox import OutboxMessage
from crm.models.user import User
from crm.notify import notify


class JobCancelled(Exception):
    """Raised inside the work when the person has cancelled it."""


class JobFailed(Exception):
    """Raised by the work with a sentence for the person."""


@dataclass(frozen=True)
class JobKind:
    name: str
    label: str
    icon: str
    run: object
    ended: object = None


_kinds: dict[str, JobKind] = {}
# Between two looks at the database for a wish to cancel.
BEAT = timedelta(seconds=0.5)


class Run:
    """What the work holds while it runs: the job's row, progress, checkpoint."""

    def __init__(self, row):
        self.row = row
        self.by = row.by
        self.params = row.params
        self.checkpoint = row.checkpoint
        self._told_at = None

    def start(self, total):
        """Tell how many steps there are."""
        self.row.total = total
        self._tell()
        self._stop_if_cancelled()

    def advance(self, steps=1, *, checkpoint=None, **counters):
        """Count steps done and named counters; raises JobCancelled when the person has cancelled.

        With `checkpoint` the progress is written at once, in the caller's transaction, which a cancelling takes back
        together with the step: neither is counted then.
        """
        if checkpoint is not None:
            self._stop_if_cancelled()
        self.row.done += steps
        for name, value in counters.items():
            self.row.counters[name] = self.row.counters.get(name, 0) + value
        if checkpoint is not None:
            self.row.checkpoint = self.checkpoint = checkpoint
            self._tell()
        elif self._told_at is None or timezone.now() - self._told_at > BEAT:
            self._tell()
            self._stop_if_cancelled()

    def _tell(self):
        self._told_at = timezone.now()
        self.row.save(update_fields=["total", "done", "counters", "checkpoint"])
        outbox.renew("job", str(self.row.pk))

    def _stop_if_cancelled(self):
        if Job.objects.filter(pk=self.row.pk, cancel_requested=True).exists():
            raise JobCancelled


def job(name, label, *, icon="loader", queue="default", ended=None):
    """Decorator: `fn(run)` is the work of that kind of job and returns its result (JSON).

    `fn` manages its own transactions, so that progress is seen and finished batches stay. `ended(row)` is called with the
    job that is over, however it ended: done, failed, cancelled before it began, or given up with its worker. What a job
    holds is let go there.
    """

    def register(fn):
        _kinds[name] = JobKind(name, label, icon, fn, ended)
        return fn

    return register


def kind_named(name):
    return _kinds.get(name) or JobKind(name, name, "loader", None)


@transaction.atomic
def start(kind, *, by, params=None, subject=""):
    """Note a job and ring for it; with "quiet" in `params` nobody is told of its end. Returns the Job."""
    row = Job.objects.create(kind=kind, by=by, params=params or {}, subject=subject)
    outbox.put("job", str(row.pk), {"job": row.pk})
    return row


@transaction.atomic
def cancel(row):
    """Ask a job to stop; one that has not begun is cancelled at once."""
    Job.objects.filter(pk=row.pk).update(cancel_requested=True)
    waiting = Job.objects.filter(pk=row.pk, state=Job.State.QUEUED)
    if waiting.update(state=Job.State.CANCELLED, finished_at=timezone.now()):
        _let_go(row)


def give_up(payload):
    """End a job whose worker died each time it was tried."""
    row = Job.objects.select_related("by").filter(pk=payload["job"]).first()
    if row is None or row.is_over:
        return
    with override(row.by.language):
        _finish(
            row,
            Job.State.FAILED,
            error=_(
                "It broke off each time it was tried. What was finished stays: start it again, or ask an administrator."
            ),
        )


def end_given_up():
    """Give up jobs that still wait or run, though their row of the outbox is parked: nobody comes back to them."""
    parked = OutboxMessage.objects.filter(kind="job", state=OutboxMessage.State.PARKED)
    parked = parked.filter(key=Cast(OuterRef("pk"), TextField()))
    left = Job.objects.filter(Exists(parked), state__in=[Job.State.QUEUED, Job.State.RUNNING])
    for number in left.values_list("pk", flat=True):
        give_up({"job": number})


@outbox.handler("job", atomic=False, give_up=give_up)
def run(payload):
    """Run a job to its end. A job that is over is left alone."""
    row = Job.objects.select_related("by").filter(pk=payload["job"]).first()
    if row is None or row.is_over:
        return
    row.state, row.started_at = Job.State.RUNNING, row.started_at or timezone.now()
    row.save(update_fields=["state", "started_at"])
    with override(row.by.language), pghistory.context(user=row.by_id, job=row.kind), keeping():
        _work(row)


def _work(row):
    try:
        result = kind_named(row.kind).run(Run(row))
        _finish(row, Job.State.DONE, result=result or {})
    except JobCancelled:
        _finish(row, Job.State.CANCELLED)
    except JobFailed as error:
        _finish(row, Job.State.FAILED, error=str(error))
    except Exception:
        _finish(row, Job.State.FAILED, error=_("Something went wrong on our side. What was finished before it stays."))
        raise


@transaction.atomic
def _finish(row, state, *, result=None, error=""):
    row.state, row.finished_at, row.error = state, timezone.now(), error
    row.result = result if result is not None else row.result
    row.save(update_fields=["state", "finished_at", "result", "error", "done", "total", "counters", "checkpoint"])
    _let_go(row)
    if state != Job.State.CANCELLED and not row.params.get("quiet"):
        text = _("%(job)s is finished.") if state == Job.State.DONE else _("%(job)s failed.")
        notify(
            row.by,
            "job.finished",
            text % {"job": row.subject or kind_named(row.kind).label},
            row.get_absolute_url(),
            key=str(row.pk),
        )


def _let_go(row):
    if ended := kind_named(row.kind).ended:
        ended(row)


def of_user(user: User):
    """The user's jobs, newest first; administrators see everybody's."""
    jobs = Job.objects.select_related("by").order_by("-created_at")
    return jobs if user.is_superuser else jobs.filter(by=user)
