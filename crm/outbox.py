"""The outbox: nothing lost, nothing twice.

A row is written in the transaction that makes the work necessary. Celery is only the bell: after commit it is rung
with the name of a queue, and a sweep rings it again for whatever was missed. Rows are claimed in batches with
FOR UPDATE SKIP LOCKED, a lease on the database's clock and a fence that every later update checks.
"""

import logging
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import timedelta

from django.db import connection, transaction
from django.db.models import DateTimeField, F
from django.db.models.expressions import Func
from django.utils import timezone
from psycopg2.extras import Json, execute_values

from crm.models.outbox import OutboxMessage

log = logging.getLogger(__name__)

BATCH = 50
LEASE = timedelta(seconds=120)
TRIES = 5
BACKOFF = [5, 30, 120, 600]  # seconds after the first, second, … failure
KEEP_DONE = timedelta(days=14)


@dataclass(frozen=True)
class Handler:
    kind: str
    queue: str
    lease: timedelta
    atomic: bool
    handle: object
    give_up: object


class Clock(Func):
    """The database's clock now, not the transaction's start: leases must not depend on a web host's clock."""

    template = "clock_timestamp()"
    output_field = DateTimeField()


_handlers: dict[str, Handler] = {}


def handler(kind, *, queue="default", lease=LEASE, atomic=True, give_up=None):
    """Decorator: `fn(payload)` does the work of that kind. It may run twice; it raises to be tried again later.

    `atomic` runs it in one transaction with the note that it is done; work that commits step by step says False
    and renews its lease. `give_up(payload)` is called once the row is parked, after its last try.
    """

    def register(fn):
        _handlers[kind] = Handler(kind, queue, lease, atomic, fn, give_up)
        return fn

    return register


def put(kind, key, payload=None, *, due_at=None, queue=None):
    """Note work as due, once for each (kind, key). Returns False when it was noted before."""
    return put_many(kind, [(key, payload or {})], due_at=due_at, queue=queue) == 1


def put_many(kind, rows, *, due_at=None, queue=None):
    """Note many pieces of work of one kind; `rows` are (key, payload). Returns how many were new.

    The bell rings after commit, for what is due now.
    """
    if not rows:
        return 0
    queue = queue or (_handlers[kind].queue if kind in _handlers else "default")
    now = timezone.now()
    values = [(kind, key, queue, payload, due_at or now, now) for key, payload in rows]
    with transaction.atomic(), connection.cursor() as cursor:
        new = execute_values(
            cursor.cursor,  # the driver's own cursor below Django's
            "INSERT INTO crm_outboxmessage"
            " (kind, key, queue, payload, due_at, created_at, state, fence, attempts, last_error)"
            " VALUES %s ON CONFLICT (kind, key) DO NOTHING RETURNING id",
            [(k, key, q, Json(p), due, at) for k, key, q, p, due, at in values],
            template="(%s, %s, %s, %s, %s, %s, 'ready', 0, 0, '')",
            fetch=True,
        )
        if new and (due_at is None or due_at <= now):
            transaction.on_commit(lambda: ring(queue))
    return len(new)


def ring(queue):
    """Ask the workers to look at a queue. A dead broker costs a sweep, never the work."""
    from crm.tasks import drain_queue

    try:
        drain_queue.apply_async(args=[queue], queue=queue, retry=False, ignore_result=True)
    except Exception as error:  # the broker may be down in many ways; the sweep heals all of them
        log.warning("The bell for %s could not be rung: %s", queue, error)


def claim(queue, *, limit=BATCH):
    """Take up to `limit` due rows of a queue: list of messages whose fence this caller holds."""
    with transaction.atomic():
        due = OutboxMessage.objects.filter(queue=queue, state=OutboxMessage.State.READY, due_at__lte=timezone.now())
        found = list(due.select_for_update(skip_locked=True).order_by("due_at", "id")[:limit])
        if found:
            lease = max((_handlers[m.kind].lease for m in found if m.kind in _handlers), default=LEASE)
            OutboxMessage.objects.filter(pk__in=[m.pk for m in found]).update(
                state=OutboxMessage.State.CLAIMED,
                lease_until=Clock() + lease,
                fence=F("fence") + 1,
                attempts=F("attempts") + 1,
            )
    for message in found:
        message.fence += 1
        message.attempts += 1
    return found


def drain(queue, *, limit=BATCH):
    """Claim and do one batch. Returns how many rows were claimed."""
    messages = claim(queue, limit=limit)
    for message in messages:
        _do(message)
    return len(messages)


def run_due(*, rounds=100):
    """Do all that is due in this process, queue after queue, until nothing is. Returns the number of rows done."""
    total = 0
    for _round in range(rounds):
        queues = OutboxMessage.objects.filter(state=OutboxMessage.State.READY, due_at__lte=timezone.now())
        done = sum(drain(queue) for queue in sorted(set(queues.values_list("queue", flat=True))))
        if not done:
            break
        total += done
    return total


def sweep():
    """Free rows whose holder died, forget old done ones, and give the queues in which something is due."""
    now = timezone.now()
    stale = OutboxMessage.objects.filter(state=OutboxMessage.State.CLAIMED, lease_until__lt=Clock())
    for message in stale.filter(attempts__gte=TRIES):
        _settle(message, state=OutboxMessage.State.PARKED, last_error="The worker died each time it tried.")
    stale.update(state=OutboxMessage.State.READY, lease_until=None)
    old = OutboxMessage.objects.filter(state=OutboxMessage.State.DONE, done_at__lt=now - KEEP_DONE)
    OutboxMessage.objects.filter(pk__in=old.values("pk")[:5000]).delete()
    due = OutboxMessage.objects.filter(state=OutboxMessage.State.READY, due_at__lte=now)
    return sorted(set(due.values_list("queue", flat=True)))


def renew(kind, key, lease=LEASE):
    """Make the lease of a claimed row last from now on."""
    OutboxMessage.objects.filter(kind=kind, key=key, state=OutboxMessage.State.CLAIMED).update(
        lease_until=Clock() + lease
    )


def given_up_for_good():
    """Kinds whose work is over once it is parked: another try would do nothing."""
    return {entry.kind for entry in _handlers.values() if entry.give_up}


def retry(message):
    """Give a parked row another five tries, now."""
    OutboxMessage.objects.filter(pk=message.pk, state=OutboxMessage.State.PARKED).update(
        state=OutboxMessage.State.READY, attempts=0, due_at=timezone.now()
    )
    transaction.on_commit(lambda: ring(message.queue))


def _do(message):
    entry = _handlers.get(message.kind)
    try:
        if entry is None:
            raise LookupError(f"Nothing handles {message.kind}.")
        # A failed statement must not spoil the note about it.
        with transaction.atomic() if entry.atomic else nullcontext():
            entry.handle(message.payload)
            _settle(message, state=OutboxMessage.State.DONE, done_at=timezone.now(), last_error="")
    except Exception as error:
        log.exception("%s %s failed", message.kind, message.key)
        parked = message.attempts >= TRIES
        wait = BACKOFF[min(message.attempts, len(BACKOFF)) - 1]
        _settle(
            message,
            state=OutboxMessage.State.PARKED if parked else OutboxMessage.State.READY,
            due_at=timezone.now() + timedelta(seconds=wait),
            last_error=f"{type(error).__name__}: {error}"[:2000],
        )


@transaction.atomic
def _settle(message, **changes):
    """Write the outcome, unless somebody else has taken the row since."""
    mine = OutboxMessage.objects.filter(pk=message.pk, fence=message.fence)
    entry = _handlers.get(message.kind)
    if (
        mine.update(lease_until=None, **changes)
        and entry
        and entry.give_up
        and changes["state"] == mine.model.State.PARKED
    ):
        entry.give_up(message.payload)
