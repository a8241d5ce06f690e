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
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from crm.mail import hooks
from crm.mail.addresses import BadAddress, company_sender, is_reserved
from crm.mail.compose import compose
from crm.mail.transport import Connection, ServerAway
from crm.models import Delivery, Workspace
from crm.outbox import Clock

log = logging.getLogger(__name__)

State = Delivery.State
BATCH = 50
# Seconds until the next try after the first, second, … answer "later". After the last the letter has failed.
BACKOFF = [60, 300, 900, 1800, 3600, 7200, 14400, 28800, 43200]
REPORT = 500


def send_due(*, seconds=None, limit=None):
    """Send what is due in this process. Returns how many letters were taken.

    Ends when nothing is due, after `seconds`, or after `limit` letters.
    """
    until = time.monotonic() + seconds if seconds is not None else None
    taken = 0
    with Connection() as connection:
        while (until is None or time.monotonic() < until) and (limit is None or taken < limit):
            batch = claim(BATCH if limit is None else min(BATCH, limit - taken))
            if not batch:
                break
            taken += len(batch)
            if not _send_batch(batch, connection):
                break
            report()
    report()
    return taken


def claim(limit=BATCH):
    """Take up to `limit` due letters: list of deliveries whose fence this caller holds."""
    with transaction.atomic():
        found = list(_due().select_for_update(skip_locked=True).order_by("due_at", "id")[:limit])
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


def _due():
    return Delivery.objects.filter(state__in=Delivery.WAITING, due_at__lte=timezone.now())


def _lease():
    return timedelta(seconds=settings.MAIL_LEASE)


def _send_batch(batch, connection):
    """Send a claimed batch. Returns False when the server is away and the rest waits."""
    ready = _prepare(batch)
    settle = None
    try:
        for place, (delivery, sender, recipient, message) in enumerate(ready):
            try:
                connection.open()
            except ServerAway as away:
                _wait([d for d, *_rest in ready[place:]], str(away))
                return False
            # One transaction writes what became of the letter before and that this one is on its way.
            handed = _hand_over(delivery, settle)
            settle = (delivery, connection.send(sender, recipient, message)) if handed else None
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
    if settings.DEV_MAILBOX:
        return {}
    strangers = [d for d in batch if not is_reserved(d.to)]
    if not strangers or not Workspace.get().is_demo:
        return {}
    return {d.pk: hooks.Stop("demo") for d in strangers}


def _hand_over(delivery, settle):
    """Commit that the letter is being handed over. False when a guard objects or somebody else has it."""
    with transaction.atomic():
        _settle(settle)
        stop = hooks.stops([delivery]).get(delivery.pk)
        if stop:
            _stop(delivery, stop)
            return False
        return bool(
            Delivery.objects.filter(pk=delivery.pk, fence=delivery.fence, state=State.CLAIMED).update(
                state=State.SUBMITTING, lease_until=Clock() + _lease()
            )
        )


def _settle(settle):
    """Write what the server said. A holder that was taken for dead but knows the outcome still may say it."""
    if settle is None:
        return
    delivery, answer = settle
    held = Delivery.objects.filter(pk=delivery.pk, fence=delivery.fence, state__in=[State.SUBMITTING, State.UNKNOWN])
    words = f"{answer.code} {answer.text}".strip()[:500] if answer.code else answer.text[:500]
    if answer.outcome == "deferred":
        _defer(held, delivery, words)
    elif answer.outcome == "unknown" and delivery.kind == Delivery.Kind.SERVICE:
        held.update(state=State.QUEUED, due_at=timezone.now() + timedelta(seconds=5), lease_until=None, reply=words)
    else:
        reason = {"sent": "", "failed": "refused", "unknown": "connection_lost"}[answer.outcome]
        held.update(state=answer.outcome, reason=reason, reply=words, settled_at=timezone.now(), lease_until=None)


def _defer(held, delivery, words):
    if delivery.attempts > len(BACKOFF):
        held.update(state=State.FAILED, reason="gave_up", reply=words, settled_at=timezone.now(), lease_until=None)
        return
    wait = timedelta(seconds=BACKOFF[delivery.attempts - 1])
    held.update(state=State.DEFERRED, reason="later", reply=words, due_at=timezone.now() + wait, lease_until=None)


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
