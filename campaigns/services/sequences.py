"""Sequences: people enter, wait, get letters, leave.

Every wait is a due row. A sweep claims due rows with SKIP LOCKED and takes each person to the next wait in one
transaction; the letters it queues carry the step and the address as their key, so twice is once.
"""

from datetime import timedelta

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from campaigns.models import Enrolment, Sequence, Step, StepRun, Suppression
from campaigns.services.checks import blocked_reasons
from campaigns.services.segments import rebuild
from contacts.models import Contact
from crm.events import record
from crm.mail import queue_many
from crm.models import Delivery, Workspace

BATCH = 200
State = Enrolment.State
# Events that end a sequence → the reason that is stored.
GOALS = {"deal.created": "deal_opened", "deal.won": "deal_won", "email.replied": "answered"}
DEALS, REPLIES = ["deal.created", "deal.won"], ["email.replied"]


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
    Sequence.objects.filter(pk=sequence.pk, status=Sequence.Status.RUNNING).update(status=Sequence.Status.PAUSED)


@transaction.atomic
def resume(sequence):
    """Go on: waits that passed meanwhile and letters that were held are spread over the next hour: no burst."""
    paused = Sequence.objects.filter(pk=sequence.pk, status=Sequence.Status.PAUSED)
    if not paused.update(status=Sequence.Status.RUNNING):
        return
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE campaigns_enrolment SET due_at = %s + (id %% 60) * interval '1 minute'"
            " WHERE sequence_id = %s AND state = 'active' AND due_at < %s",
            [now, sequence.pk, now],
        )
        cursor.execute(
            "UPDATE crm_delivery SET due_at = %s + (id %% 60) * interval '1 minute', reason = ''"
            " WHERE purpose = 'campaigns.step' AND state = 'queued' AND reason = 'paused' AND (refs->>'sequence')::bigint = %s",
            [now, sequence.pk],
        )


@transaction.atomic
def stop(sequence):
    """End it for everybody, also for those whose last letter has not left yet."""
    live = Sequence.objects.filter(pk=sequence.pk, status__in=[Sequence.Status.RUNNING, Sequence.Status.PAUSED])
    if live.update(status=Sequence.Status.STOPPED):
        _end(_under_way().filter(sequence=sequence), "stopped")


def leave(contact_id, reason, **which):
    """End a person's enrolments in sequences that fit `which`. Returns how many ended."""
    return _end(_under_way(contact_id, **which), reason)


def _under_way(contact_id=None, **which):
    """Enrolments that may still bring a letter: active ones, and those whose last letter is not sent yet."""
    waiting = StepRun.objects.filter(enrolment=OuterRef("pk"), outcome=StepRun.Outcome.QUEUED)
    rows = Enrolment.objects.filter(
        Q(state=State.ACTIVE) | Q(Exists(waiting), state=State.FINISHED),
        **{f"sequence__{name}": value for name, value in which.items()},
    )
    return rows if contact_id is None else rows.filter(contact_id=contact_id)


def _end(enrolments, reason):
    return enrolments.update(state=State.LEFT, reason=reason, ended_at=timezone.now())


def advance_due(*, limit=BATCH):
    """Take people whose wait is over to their next wait. Returns how many were taken."""
    with transaction.atomic():
        due = Enrolment.objects.filter(
            state=State.ACTIVE, due_at__lte=timezone.now(), sequence__status=Sequence.Status.RUNNING
        )
        rows = list(
            due.select_for_update(skip_locked=True, of=["self"])
            .select_related("contact__company", "sequence__topic")
            .order_by("due_at", "id")[:limit]
        )
        if rows:
            _advance(rows)
        return len(rows)


def _advance(rows):
    steps = _steps({row.sequence_id for row in rows})
    blocked = _blocked(rows)
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
            reason = blocked.get((row.sequence_id, row.contact_id), "")
            runs.append(StepRun(enrolment=row, step=step, outcome="skipped" if reason else "queued", reason=reason))
            if not reason:
                deliveries.append(_delivery(row, step))
    queue_many(deliveries)
    _note_twins(runs, deliveries)
    StepRun.objects.bulk_create(runs, ignore_conflicts=True)
    Enrolment.objects.bulk_update(rows, ["state", "position", "due_at", "ended_at", "reason"])


def _blocked(rows):
    """{(sequence, contact): reason}: each sequence asks for the consent to its topic."""
    topics, found = {}, {}
    for row in rows:
        topics.setdefault(row.sequence.topic_code, []).append(row)
    for topic, group in topics.items():
        reasons = blocked_reasons([row.contact for row in group], topic)
        found |= {(row.sequence_id, row.contact_id): reasons.get(row.contact_id, "") for row in group}
    return found


def _note_twins(runs, deliveries):
    """A letter goes to an address once: steps of others with the same address say so."""
    kept = dict(Delivery.objects.filter(key__in=[d.key for d in deliveries]).values_list("key", "refs__enrolment"))
    twins = {(d.refs["enrolment"], d.refs["step"]) for d in deliveries if kept.get(d.key) != d.refs["enrolment"]}
    for run in runs:
        if (run.enrolment_id, run.step_id) in twins:
            run.outcome, run.reason = StepRun.Outcome.SKIPPED, "same_address"


def _steps(sequence_ids):
    found = {pk: [] for pk in sequence_ids}
    for step in Step.objects.filter(sequence__in=sequence_ids).select_related("letter").order_by("position"):
        found[step.sequence_id].append(step)
    return found


def _delivery(row, step):
    contact = row.contact
    return Delivery(
        kind=Delivery.Kind.CAMPAIGN,
        key=f"step:{step.pk}:{Suppression.digest_of(contact.email)}",
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


def note_goal(contact_id, kind, at):
    """A deal or an answer ends sequences that say so and were entered before; the stream tells it."""
    which = {"exit_on_deal": True} if kind in DEALS else {"exit_on_reply": True}
    rows = _under_way(contact_id, **which).filter(entered_at__lte=at)
    names = list(rows.values_list("sequence__name", flat=True))
    if _end(rows, GOALS[kind]):
        contact = Contact.objects.filter(pk=contact_id).first()
        for name in names:
            record("sequence.left", contact=contact, company=contact.company if contact else None, title=name)
