"""Sending: nothing lost, nothing twice.

A letter goes queued → claimed → submitting → sent, deferred, failed or unknown. *Submitting* is committed before the
server gets it, in the same transaction in which the guards read consent, suppression and pause once more. A worker
that dies leaves at most one letter there. When its lease runs out a campaign letter becomes unknown, for a person to
decide; a service letter goes again under the same Message-ID.
"""

import logging
import time
from datetime import timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from crm.kept import keeping
from crm.mail import hooks
from crm.mail.addresses import BadAddress, company_sender, is_reserved
from crm.mail.compose import compose
from crm.mail.transport import Connection, ServerAway, SignInRefused
from crm.models import Delivery, Workspace
from crm.outbox import Clock

log = logging.getLogger(__name__)

State = Delivery.State
BATCH = 50
# Seconds until the next try after the first, second, … answer "later". After the last the letter has failed.
BACKOFF = [60, 300, 900, 1800, 3600, 7200, 14400, 28800, 43200]
REPORT = 500
# One statement for the outcome of a letter and the handing over of the next.
_WRITE = """
UPDATE crm_delivery AS d SET state = n.state, reason = coalesce(n.reason, d.reason), reply = coalesce(n.reply, d.reply),
  due_at = coalesce(n.due_at, d.due_at), settled_at = coalesce(n.settled_at, d.settled_at),
  lease_until = CASE WHEN n.state = 'submitting' THEN clock_timestamp() + %s * interval '1 second' END
FROM unnest(%s::bigint[], %s::int[], %s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::timestamptz[])
  AS n(id, fence, state, reason, reply, due_at, settled_at)
WHERE d.id = n.id AND d.fence = n.fence
  AND d.state = ANY (CASE WHEN n.state = 'submitting' THEN ARRAY['claimed'] ELSE ARRAY['submitting', 'unknown'] END)
RETURNING d.id"""


def send_due(*, seconds=None, limit=None, account=""):
    """Send what is due in this process by the company's server or by that of an account. Returns how many letters were
    taken.

    Ends when nothing is due, after `seconds`, or after `limit` letters.
    """
    until = time.monotonic() + seconds if seconds is not None else None
    taken = 0
    with Connection(account=account) as smtp:
        while (until is None or time.monotonic() < until) and (limit is None or taken < limit):
            batch = claim(BATCH if limit is None else min(BATCH, limit - taken), account)
            if not batch:
                break
            taken += len(batch)
            if not _send_batch(batch, smtp):
                break
            report()
    report()
    return taken


def claim(limit=BATCH, account=""):
    """Take up to `limit` due letters of an account: list of deliveries whose fence this caller holds."""
    with transaction.atomic():
        found = list(_due(account).select_for_update(skip_locked=True).order_by("due_at", "id")[:limit])
        Delivery.objects.filter(pk__in=[d.pk for d in found]).update(
            state=State.CLAIMED, lease_until=Clock() + _lease(), fence=F("fence") + 1, attempts=F("attempts") + 1
        )
    for delivery in found:
        delivery.state = State.CLAIMED
        delivery.fence += 1
        delivery.attempts += 1
    return found


def sweep():
    """Judge letters whose holder died, and tell how many are due."""
    dead = Delivery.objects.filter(lease_until__lt=Clock())
    dead.filter(state=State.CLAIMED).update(state=State.QUEUED, lease_until=None)
    in_doubt = dead.filter(state=State.SUBMITTING)
    in_doubt.filter(kind=Delivery.Kind.CAMPAIGN).update(
        state=State.UNKNOWN, lease_until=None, settled_at=timezone.now(), reason="worker_died"
    )
    in_doubt.filter(kind=Delivery.Kind.SERVICE).update(state=State.QUEUED, lease_until=None)
    report()
    return len(_due().values_list("pk")[:1000])


def is_due():
    """Whether a letter waits to be sent now."""
    return _due().exists()


def report():
    """Tell the apps of outcomes they have not heard of. Each is told once, whoever dies in between."""
    told = REPORT
    while told == REPORT:
        with transaction.atomic():
            rows = list(
                Delivery.objects.filter(state__in=[*Delivery.FINAL, State.UNKNOWN], reported_at=None)
                .select_for_update(skip_locked=True)
                .order_by("id")[:REPORT]
            )
            if rows:
                hooks.tell(rows)
                Delivery.objects.filter(pk__in=[d.pk for d in rows]).update(reported_at=timezone.now())
            told = len(rows)


def due_accounts():
    """Accounts of users with letters to send now."""
    rows = Delivery.objects.filter(state__in=Delivery.WAITING, due_at__lte=timezone.now()).exclude(account="")
    return list(rows.values_list("account", flat=True).distinct().order_by("account")[:200])


def _due(account=""):
    return Delivery.objects.filter(state__in=Delivery.WAITING, due_at__lte=timezone.now(), account=account)


def _lease():
    return timedelta(seconds=settings.MAIL_LEASE)


def _send_batch(batch, smtp):
    """Send a claimed batch. Returns False when the server is away and the rest waits."""
    with keeping():
        ready = _prepare(batch)
    settle = None
    try:
        for place, (delivery, sender, recipient, message) in enumerate(ready):
            try:
                smtp.open()
            except SignInRefused as refusal:
                # Asking on would lock the account: its owner has to look at it.
                for one, *_rest in ready[place:]:
                    _close(one, State.FAILED, "sign_in", reply=str(refusal)[:500])
                return False
            except ServerAway as away:
                _wait([d for d, *_rest in ready[place:]], str(away))
                return False
            # One transaction writes what became of the letter before and that this one is on its way.
            handed = _hand_over(delivery, settle)
            settle = (
                (delivery, smtp.send(sender, recipient, message, [a for _n, a in delivery.copies])) if handed else None
            )
        return True
    finally:
        _settle(settle)


def _prepare(batch):
    """Ask the guards, render and compose: [(delivery, sender, recipient, bytes)] of those that may go."""
    company = company_sender()
    stops = _demo_stops(batch) | hooks.stops(batch)
    contents = hooks.render([d for d in batch if d.pk not in stops])
    ready = []
    for delivery in batch:
        content = stops.get(delivery.pk) or contents.get(delivery.pk) or hooks.Stop("nothing_to_send", "cancelled")
        if isinstance(content, hooks.Stop):
            _stop(delivery, content)
            continue
        try:
            ready.append((delivery, *compose(delivery, content, company)))
        except BadAddress:
            _close(delivery, State.FAILED, "bad_address")
        except Exception as error:  # one letter that cannot be made must not hold up the others
            log.exception("Letter %s cannot be composed", delivery.pk)
            _close(delivery, State.FAILED, "not_composed", reply=f"{type(error).__name__}: {error}"[:500])
    return ready


def _demo_stops(batch):
    """In the demo company no letter leaves for an address that may be real, unless all mail ends in a mailbox here."""
    if settings.DEV_MAILBOX and not batch[0].account:
        return {}
    strangers = [d for d in batch if not is_reserved(d.to)]
    if not strangers or not Workspace.get().is_demo:
        return {}
    return {d.pk: hooks.Stop("demo") for d in strangers}


def _hand_over(delivery, settle):
    """Commit that the letter is being handed over. False when a guard objects or somebody else has it."""
    with transaction.atomic():
        stop = hooks.stops([delivery]).get(delivery.pk)
        if stop:
            _settle(settle)
            _stop(delivery, stop)
            return False
        return delivery.pk in _write([*_verdicts(settle), (delivery, {"state": State.SUBMITTING})])


def _settle(settle):
    """Write what the server said."""
    _write(_verdicts(settle))


def _write(changes):
    """Write (delivery, changes) in one statement. Returns the keys of those whose fence still holds.

    A holder that was taken for dead but knows the outcome still may say it. Columns that are not named stay.
    """
    if not changes:
        return set()
    columns = ([d.pk for d, _c in changes], [d.fence for d, _c in changes])
    rest = ([c.get(name) for _d, c in changes] for name in ("state", "reason", "reply", "due_at", "settled_at"))
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, [settings.MAIL_LEASE, *columns, *rest])
        return {pk for (pk,) in cursor.fetchall()}


def _verdicts(settle):
    """[(delivery, changes)] out of (delivery, answer of the server)."""
    if settle is None:
        return []
    delivery, answer = settle
    words = f"{answer.code} {answer.text}".strip()[:500] if answer.code else answer.text[:500]
    now = timezone.now()
    if answer.outcome == "deferred" and delivery.attempts > len(BACKOFF):
        return [(delivery, {"state": State.FAILED, "reason": "gave_up", "reply": words, "settled_at": now})]
    if answer.outcome == "deferred":
        due = now + timedelta(seconds=BACKOFF[delivery.attempts - 1])
        return [(delivery, {"state": State.DEFERRED, "reason": "later", "reply": words, "due_at": due})]
    if answer.outcome == "unknown" and delivery.kind == Delivery.Kind.SERVICE:
        return [(delivery, {"state": State.QUEUED, "reply": words, "due_at": now + timedelta(seconds=5)})]
    reason = {"sent": "", "failed": "refused", "unknown": "connection_lost"}[answer.outcome]
    return [(delivery, {"state": answer.outcome, "reason": reason, "reply": words, "settled_at": now})]


def _stop(delivery, stop):
    if stop.until:
        _mine(delivery).update(
            state=State.QUEUED, reason=stop.reason, due_at=stop.until, attempts=F("attempts") - 1, lease_until=None
        )
    else:
        _close(delivery, stop.state, stop.reason)


def _close(delivery, state, reason, reply=""):
    _mine(delivery).update(state=state, reason=reason, reply=reply, settled_at=timezone.now(), lease_until=None)


def _wait(deliveries, why):
    """The server is away: the letters go back untouched and are tried again in half a minute."""
    Delivery.objects.filter(pk__in=[d.pk for d in deliveries], state=State.CLAIMED).update(
        state=State.QUEUED,
        reason="server_away",
        reply=why[:500],
        due_at=timezone.now() + timedelta(seconds=30),
        attempts=F("attempts") - 1,
        lease_until=None,
    )


def _mine(delivery):
    return Delivery.objects.filter(pk=delivery.pk, fence=delivery.fence, state=State.CLAIMED)
