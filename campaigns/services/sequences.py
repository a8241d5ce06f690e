"""Sequences: people enter, wait, get letters, leave.

Every wait is a due row. A sweep claims due rows with SKIP LOCKED and takes each person to the next wait in one
transaction; the letters it queues carry the enrolment and step as their key, so twice is once.
"""

from datetime import timedelta

from django.db import connection, transaction
from django.utils import timezone

from campaigns.models import Enrolment, SegmentMembership, Sequence, Step, StepRun, Suppression
from campaigns.services.segments import rebuild
from contacts.models import Consent, Contact
from crm.events import record
from crm.mail import queue_many
from crm.models import Delivery, Workspace
from crm.names import usable_name
from crm.text import norm_email

BATCH = 200
State = Enrolment.State


@transaction.atomic
def start(sequence, *, by):
    """Start or go on: everybody in the segment is enrolled. Returns how many are new."""
    rebuild(sequence.segment)
    sequence.status = Sequence.Status.RUNNING
    sequence.started_at = sequence.started_at or timezone.now()
    sequence.save(update_fields=["status", "started_at"])
    return enrol_segment(sequence)


def enrol_segment(sequence):
    """Enrol all present members with one statement; whoever was enrolled before is left alone."""
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO campaigns_enrolment (sequence_id, contact_id, state, position, due_at, entered_at, reason)"
            " SELECT %s, m.contact_id, 'active', 0, %s, %s, '' FROM campaigns_segmentmembership m"
            " WHERE m.segment_id = %s AND m.left_at IS NULL ON CONFLICT (sequence_id, contact_id) DO NOTHING",
            [sequence.pk, now, now, sequence.segment_id],
        )
        return cursor.rowcount


def enrol_contacts(segment, contact_ids):
    """Enrol people who have just entered a segment in its running sequences."""
    for sequence in Sequence.objects.filter(segment=segment, status=Sequence.Status.RUNNING):
        Enrolment.objects.bulk_create(
            [Enrolment(sequence=sequence, contact_id=pk) for pk in contact_ids], ignore_conflicts=True
        )


def pause(sequence):
    """Nobody gets further, and no letter leaves, until it goes on."""
    Sequence.objects.filter(pk=sequence.pk).update(status=Sequence.Status.PAUSED)


def resume(sequence):
    """Go on: waits that passed meanwhile are spread over the next hour, so that there is no burst."""
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE campaigns_enrolment SET due_at = %s + (id %% 60) * interval '1 minute'"
            " WHERE sequence_id = %s AND state = 'active' AND due_at < %s",
            [now, sequence.pk, now],
        )
    Sequence.objects.filter(pk=sequence.pk).update(status=Sequence.Status.RUNNING)


@transaction.atomic
def stop(sequence):
    """End it for everybody."""
    Sequence.objects.filter(pk=sequence.pk).update(status=Sequence.Status.STOPPED)
    Enrolment.objects.filter(sequence=sequence, state=State.ACTIVE).update(
        state=State.LEFT, reason="stopped", ended_at=timezone.now()
    )


def leave(contact_id, reason, **which):
    """End a person's enrolments in sequences that fit `which`. Returns how many ended."""
    return Enrolment.objects.filter(
        contact_id=contact_id, state=State.ACTIVE, **{f"sequence__{name}": value for name, value in which.items()}
    ).update(state=State.LEFT, reason=reason, ended_at=timezone.now())


def advance_due(*, limit=BATCH):
    """Take people whose wait is over to their next wait. Returns how many were taken."""
    with transaction.atomic():
        due = Enrolment.objects.filter(
            state=State.ACTIVE, due_at__lte=timezone.now(), sequence__status=Sequence.Status.RUNNING
        )
        rows = list(
            due.select_for_update(skip_locked=True, of=["self"])
            .select_related("contact__company")
            .order_by("due_at", "id")[:limit]
        )
        if rows:
            _advance(rows)
        return len(rows)


def _advance(rows):
    steps = _steps({row.sequence_id for row in rows})
    blocked = blocked_reasons([row.contact for row in rows])
    runs, deliveries = [], []
    now = timezone.now()
    for row in rows:
        path = steps[row.sequence_id]
        while row.state == State.ACTIVE:
            if row.position >= len(path):
                row.state, row.ended_at, row.reason = State.FINISHED, now, "finished"
                break
            step = path[row.position]
            row.position += 1
            if step.kind == Step.Kind.WAIT:
                row.due_at = now + timedelta(minutes=step.wait)
                break
            reason = blocked.get(row.contact_id, "")
            runs.append(StepRun(enrolment=row, step=step, outcome="skipped" if reason else "queued", reason=reason))
            if not reason:
                deliveries.append(_delivery(row, step))
    StepRun.objects.bulk_create(runs, ignore_conflicts=True)
    queue_many(deliveries)
    Enrolment.objects.bulk_update(rows, ["state", "position", "due_at", "ended_at", "reason"])


def _steps(sequence_ids):
    found = {pk: [] for pk in sequence_ids}
    for step in Step.objects.filter(sequence__in=sequence_ids).select_related("letter").order_by("position"):
        found[step.sequence_id].append(step)
    return found


def _delivery(row, step):
    contact = row.contact
    return Delivery(
        kind=Delivery.Kind.CAMPAIGN,
        key=f"step:{row.pk}:{step.pk}",
        purpose="campaigns.step",
        to=contact.email,
        to_name=contact.name[:200],
        subject=step.letter.subject,
        refs={"enrolment": row.pk, "step": step.pk, "letter": step.letter_id, "sequence": row.sequence_id},
        contact_id=contact.pk,
        message_id=Delivery.new_message_id(_domain()),
    )


def _domain():
    return Workspace.get().mail_from.rpartition("@")[2] or "localhost"


def blocked_reasons(contacts):
    """{contact key: reason} of those who must not get advertising."""
    ids = [contact.pk for contact in contacts]
    newest = {}
    statements = Consent.objects.filter(contact__in=ids, purpose=Consent.Purpose.ADVERTISING).order_by("at", "pk")
    for contact_id, given in statements.values_list("contact_id", "is_given"):
        newest[contact_id] = given
    digests = {Suppression.digest_of(contact.email): contact.pk for contact in contacts if contact.email}
    suppressed = {digests[d] for d in Suppression.objects.filter(digest__in=digests).values_list("digest", flat=True)}
    found = {}
    for contact in contacts:
        if not norm_email(contact.email):
            found[contact.pk] = "no address"
        elif contact.pk in suppressed:
            found[contact.pk] = "unsubscribed"
        elif not newest.get(contact.pk, False):
            found[contact.pk] = "no consent"
    return found


def preflight(sequence):
    """What to know before the start: {people, no_address, no_consent, suppressed, no_name} counted exactly."""
    members = SegmentMembership.objects.filter(segment=sequence.segment, left_at=None).values("contact_id")
    counts = {"people": 0, "no address": 0, "no consent": 0, "unsubscribed": 0, "no name": 0}
    rows = Contact.objects.filter(pk__in=members).only("first_name", "email").iterator(chunk_size=2000)
    batch = []
    for contact in rows:
        batch.append(contact)
        counts["people"] += 1
        counts["no name"] += not usable_name(contact.first_name)
        if len(batch) == 2000:
            _count(counts, batch)
            batch = []
    _count(counts, batch)
    return counts


def _count(counts, batch):
    for reason in blocked_reasons(batch).values():
        counts[reason] += 1


def note_goal(contact_id, kind):
    """A deal or an answer ends sequences that say so; the stream tells it."""
    which = {"exit_on_deal": True} if kind.startswith("deal.") else {"exit_on_reply": True}
    names = list(
        Enrolment.objects.filter(
            contact_id=contact_id, state=State.ACTIVE, **{f"sequence__{n}": v for n, v in which.items()}
        ).values_list("sequence__name", flat=True)
    )
    if leave(contact_id, kind, **which):
        contact = Contact.objects.filter(pk=contact_id).first()
        for name in names:
            record("sequence.left", contact=contact, company=contact.company if contact else None, title=name)
