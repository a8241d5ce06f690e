"""What a report changes: the letter it is about has bounced, and whoever cares is told once."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.events import EventRow, record_many
from crm.mail import hooks
from crm.mail.reports import read_report
from crm.models import Delivery
from crm.notify import tell_administrators

# How long an address that does not exist gets no letters that nobody wrote by hand.
MUTED = timedelta(days=30)


def take_report(raw):
    """(Report, Delivery or None) for the raw bytes of a report. The same report twice changes nothing more."""
    report = read_report(raw)
    with transaction.atomic():
        delivery = _delivery_of(report)
        if delivery and _note(delivery, report):
            hooks.tell_report(delivery, report)
    return report, delivery


def _delivery_of(report):
    rows = Delivery.objects.select_for_update()
    found = rows.filter(pk=report.delivery_id).first() if report.delivery_id else None
    # Nobody can guess these ids: who names one has had the letter.
    return found or rows.filter(message_id__in=report.ids).order_by("-id").first()


def _note(delivery, report):
    """Write the report onto the letter. Says whether it was news."""
    words = f"{report.status} {report.words}".strip()[:500]
    if report.kind == "complaint":
        return _once(delivery, reason="complaint", reply=words)
    if report.kind == "delayed":
        return delivery.state != Delivery.State.BOUNCED and _once(delivery, reason="delayed", reply=words)
    if report.kind != "failed" or delivery.state == Delivery.State.BOUNCED:
        return False
    delivery.settled_at = delivery.settled_at or timezone.now()
    delivery.lease_until = None
    _once(delivery, state=Delivery.State.BOUNCED, reason="hard" if report.is_hard else "soft", reply=words)
    # A letter from a user's own mailbox shows it itself, to those who may know of it.
    if delivery.contact_id and not delivery.account:
        data = {"subject": delivery.subject, "delivery": delivery.pk, "hard": report.is_hard, "words": words}
        record_many([EventRow("email.bounced", delivery.contact_id, data=data)])
    return True


def _once(delivery, **values):
    if delivery.reason == values["reason"] and "state" not in values:
        return False
    for name, value in values.items():
        setattr(delivery, name, value)
    delivery.save(update_fields=[*values, "settled_at", "lease_until"])
    return True


@hooks.guard
def muted(deliveries):
    """Letters that nobody wrote by hand do not go to an address that does not exist: else reports answer reports."""
    automatic = [d for d in deliveries if d.headers.get("Auto-Submitted")]
    if not automatic:
        return {}
    since = timezone.now() - MUTED
    dead = Delivery.objects.filter(
        to__in={d.to for d in automatic}, state=Delivery.State.BOUNCED, reason="hard", settled_at__gt=since
    )
    gone = set(dead.values_list("to", flat=True))
    return {d.pk: hooks.Stop("bounced") for d in automatic if d.to in gone}


@hooks.on_report
def tell_of_colleague(delivery, report):
    """A notification that cannot reach a colleague is told to the administrators, on the page only."""
    if delivery.purpose != "crm.notification" or not report.is_hard:
        return
    tell_administrators(
        "mail.bounced",
        lambda: _("Letters to %(address)s do not arrive: the address does not exist.") % {"address": delivery.to},
        key=f"bounce:{delivery.to}",
    )
