"""Between campaigns and the sending of mail: what a letter says, what stops it, what became of it."""

from campaigns.models import Enrolment, Letter, Sequence, StepRun, Suppression
from campaigns.services import letters
from campaigns.services.sequences import blocked_reasons
from contacts.models import Contact
from crm.events import EventRow, record_many
from crm.mail import Content, Stop, guard, on_outcome, renderer
from crm.models import Delivery

_BAD_ADDRESS = ("5.1.1", "5.1.10", "550 5.1", "user unknown", "no such user")


@renderer("campaigns.step")
def render(deliveries):
    """Fill in each letter for its person, with the way out in its head (RFC 8058)."""
    found = Letter.objects.prefetch_related("links").in_bulk({d.refs["letter"] for d in deliveries})
    people = Contact.objects.select_related("company").in_bulk({d.contact_id for d in deliveries})
    contents = {}
    for delivery in deliveries:
        letter, contact = found.get(delivery.refs["letter"]), people.get(delivery.contact_id)
        if letter is None or contact is None:
            contents[delivery.pk] = Stop("the person or the letter is gone", "cancelled")
            continue
        subject, text, html = letters.fill(letter, contact, delivery)
        headers = {
            "List-Unsubscribe": f"<{letters.unsubscribe_url(delivery)}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "Precedence": "bulk",
        }
        contents[delivery.pk] = Content(subject, text, html, headers)
    return contents


@guard
def stops(deliveries):
    """Consent, suppression, pause and exit, read anew right before the letter is handed over."""
    mine = [d for d in deliveries if d.purpose == "campaigns.step"]
    if not mine:
        return {}
    active = dict(Enrolment.objects.filter(pk__in=[d.refs["enrolment"] for d in mine]).values_list("pk", "state"))
    status = dict(Sequence.objects.filter(pk__in={d.refs["sequence"] for d in mine}).values_list("pk", "status"))
    people = Contact.objects.in_bulk({d.contact_id for d in mine})
    blocked = blocked_reasons(list(people.values()))
    found = {}
    for delivery in mine:
        if delivery.contact_id not in people:
            found[delivery.pk] = Stop("the person is gone", "cancelled")
        elif active.get(delivery.refs["enrolment"]) == Enrolment.State.LEFT:
            found[delivery.pk] = Stop("left the sequence", "cancelled")
        elif status.get(delivery.refs["sequence"]) != Sequence.Status.RUNNING:
            found[delivery.pk] = Stop("the sequence is not running", "cancelled")
        elif reason := blocked.get(delivery.contact_id):
            found[delivery.pk] = Stop(reason)
    return found


@on_outcome
def note(deliveries):
    """Write what became of letters onto their steps, into the stream, and dead addresses into the suppression list."""
    outcomes = {
        "sent": "sent",
        "failed": "failed",
        "unknown": "unknown",
        "suppressed": "skipped",
        "cancelled": "skipped",
    }
    events = []
    for delivery in deliveries:
        if delivery.purpose != "campaigns.step":
            continue
        StepRun.objects.filter(enrolment=delivery.refs["enrolment"], step=delivery.refs["step"]).update(
            outcome=outcomes[delivery.state], reason=delivery.reason[:100], delivery_id=delivery.pk
        )
        if delivery.state == Delivery.State.SENT:
            events.append(_event("email.sent", delivery))
        elif delivery.state == Delivery.State.FAILED and _is_dead(delivery):
            Suppression.objects.get_or_create(
                digest=Suppression.digest_of(delivery.to), defaults={"reason": Suppression.Reason.BOUNCED}
            )
            events.append(_event("email.bounced", delivery))
    record_many(events)


def _event(kind, delivery, **data):
    return EventRow(
        kind,
        contact_id=delivery.contact_id,
        data={"subject": delivery.subject, "sequence": delivery.refs["sequence"], **data},
    )


def _is_dead(delivery):
    return any(sign in delivery.reply.lower() for sign in _BAD_ADDRESS)
