"""Between campaigns and the sending of mail: what a letter says, what stops it, what became of it."""

import json
from datetime import timedelta

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from campaigns.models import Enrolment, Letter, Sequence, StepRun, Suppression
from campaigns.services import letters, sequences
from contacts.models import Consent, Contact, ContactPoint
from contacts.services.consents import state_consent
from crm.events import EventRow, record_many
from crm.mail import Content, Stop, guard, on_outcome, on_report, renderer
from crm.mail.reports import refuses_address
from crm.models import Delivery
from crm.text import norm_email

# All that may stand against a letter, in one statement: it is asked once more for each letter.
_FACTS = """
SELECT d.id, c.id, c.email, e.state, e.reason, s.status,
  (SELECT kind FROM crm_event WHERE contact_id = c.id AND occurred_at >= e.entered_at AND kind = ANY (
    CASE WHEN s.exit_on_deal THEN %s ELSE ARRAY[]::text[] END || CASE WHEN s.exit_on_reply THEN %s ELSE ARRAY[]::text[] END)
    ORDER BY occurred_at LIMIT 1),
  (SELECT is_given FROM contacts_consent WHERE contact_id = c.id AND purpose = 'personal_data' ORDER BY at DESC, id DESC LIMIT 1),
  (SELECT is_given FROM contacts_consent WHERE contact_id = c.id AND purpose = 'advertising' AND channel = 'email'
    AND topic IN ('', coalesce(t.code, '')) ORDER BY at DESC, id DESC LIMIT 1),
  (SELECT reason FROM campaigns_suppression WHERE digest = d.digest AND topic IN ('', coalesce(t.code, ''))
    AND NOT coalesce(t.code, '') = ANY (but_topics) ORDER BY topic LIMIT 1),
  coalesce(t.code, '')
FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::text[])
  AS d(id, contact, enrolment, sequence, digest)
LEFT JOIN contacts_contact c ON c.id = d.contact
LEFT JOIN campaigns_enrolment e ON e.id = d.enrolment
LEFT JOIN campaigns_sequence s ON s.id = d.sequence
LEFT JOIN contacts_topic t ON t.id = s.topic_id"""
_OUTCOMES = """
UPDATE campaigns_steprun AS r SET outcome = n.outcome, reason = n.reason, delivery_id = n.delivery
FROM (SELECT (j->>0)::bigint AS enrolment, (j->>1)::bigint AS step, j->>2 AS outcome, j->>3 AS reason,
  (j->>4)::bigint AS delivery FROM jsonb_array_elements(%s::jsonb) AS j) AS n
WHERE r.enrolment_id = n.enrolment AND r.step_id = n.step"""
# A letter of a paused sequence keeps its place in the queue and is looked at again after this.
ASK_AGAIN = timedelta(minutes=10)


@renderer("campaigns.step")
def render(deliveries):
    """Fill in each letter for its person, with the way out in its head (RFC 8058)."""
    found = Letter.objects.prefetch_related("links").in_bulk({d.refs["letter"] for d in deliveries})
    people = Contact.objects.select_related("company").in_bulk({d.contact_id for d in deliveries})
    contents = {}
    for delivery in deliveries:
        letter, contact = found.get(delivery.refs["letter"]), people.get(delivery.contact_id)
        if letter is None or contact is None:
            contents[delivery.pk] = Stop("person_gone", "cancelled")
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
    mine = {d.pk: d for d in deliveries if d.purpose == "campaigns.step"}
    if not mine:
        return {}
    return {pk: stop for pk, *facts in _facts(mine.values()) if (stop := _stop(mine[pk], *facts))}


def _facts(deliveries):
    """(delivery, person, present address, enrolment's state and reason, sequence's status, goal reached, consents to keep
    data and to letters, reason of suppression, topic) of each. Goals are read off the stream: its subscribers may not
    have got there yet."""
    columns = zip(
        *(
            (d.pk, d.contact_id, d.refs["enrolment"], d.refs["sequence"], Suppression.digest_of(d.to))
            for d in deliveries
        ),
        strict=True,
    )
    with connection.cursor() as cursor:
        cursor.execute(_FACTS, [sequences.DEALS, sequences.REPLIES, *(list(column) for column in columns)])
        return cursor.fetchall()


def _stop(delivery, person, address, enrolment, why, status, goal, data, consent, suppressed, topic):
    if person is None:
        return Stop("person_gone", "cancelled")
    if enrolment == Enrolment.State.LEFT:
        return Stop(why or "left", "cancelled")
    if goal:
        return Stop(sequences.GOALS[goal], "cancelled")
    if status == Sequence.Status.PAUSED:
        return Stop("paused", until=timezone.now() + ASK_AGAIN)
    if status != Sequence.Status.RUNNING:
        return Stop("stopped", "cancelled")
    if not norm_email(address):
        return Stop("no_address")
    # Whoever has written a new address since may have stopped letters to that one.
    if suppressed is None and norm_email(address) != norm_email(delivery.to):
        suppressed = Suppression.of(address, topic)
    if suppressed:
        return Stop(suppressed)
    if data is False:
        return Stop("no_data_consent")
    return None if consent else Stop("no_consent")


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
    mine = [d for d in deliveries if d.purpose == "campaigns.step"]
    rows = [(d.refs["enrolment"], d.refs["step"], outcomes[d.state], d.reason[:100], d.pk) for d in mine]
    with connection.cursor() as cursor:
        cursor.execute(_OUTCOMES, [json.dumps(rows)])
    for delivery in mine:
        if delivery.state == Delivery.State.SENT:
            events.append(_event("email.sent", delivery))
        elif delivery.state == Delivery.State.FAILED and refuses_address(delivery.reply):
            Suppression.note(delivery.to, Suppression.Reason.BOUNCED)
            events.append(_event("email.bounced", delivery))
    record_many(events)


@on_report
def note_report(delivery, report):
    """A dead address and one that complained get no more campaign letters, whatever letter told of it."""
    reasons = Suppression.Reason
    if report.kind == "complaint" or report.is_hard:
        reason = reasons.COMPLAINED if report.kind == "complaint" else reasons.BOUNCED
        for address in _addresses(delivery) if report.kind == "complaint" else [delivery.to]:
            Suppression.note(address, reason)
    if report.kind == "failed" and delivery.purpose == "campaigns.step":
        StepRun.objects.filter(enrolment=delivery.refs["enrolment"], step=delivery.refs["step"]).update(
            outcome="failed", reason=f"bounced: {report.words}"[:100]
        )
    if report.kind == "complaint":
        _note_complaint(delivery)


def _note_complaint(delivery):
    """Whoever complains is out of everything; the letter's own sequence is named, for its numbers."""
    contact = Contact.objects.filter(pk=delivery.contact_id).first()
    if contact is None:
        return
    data = {"subject": delivery.subject} | {k: v for k, v in delivery.refs.items() if k in {"sequence", "step"}}
    record_many([EventRow("email.complained", contact.pk, contact.company_id, data=data)])
    state_consent(
        contact,
        Consent.Purpose.ADVERTISING,
        given=False,
        way=Consent.Way.REPORT,
        source=str(_("complaint")),
        point=norm_email(delivery.to),
    )
    sequences.leave(contact.pk, "complained")


def _addresses(delivery):
    """The address of a letter and all present ones of its person, who may have become one with another since."""
    theirs = ContactPoint.objects.filter(contact=delivery.contact_id, kind="email").values_list("norm", flat=True)
    return {delivery.to, *theirs}


def _event(kind, delivery, **data):
    return EventRow(
        kind,
        contact_id=delivery.contact_id,
        data={"subject": delivery.subject, "sequence": delivery.refs["sequence"], **data},
    )
