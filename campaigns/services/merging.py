"""What becomes of sequences, segments, scores and refusals when two people become one."""

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from campaigns.models import ContactScore, Enrolment, SegmentMembership, StepRun, Suppression
from contacts.models import Consent, Contact, ContactPoint
from contacts.services.merging import Reference, rule
from crm.mail.reasons import declare_reasons
from crm.models import Delivery
from crm.text import norm_email

declare_reasons({"merged": _("the other record of this person got it")})

State = Delivery.State
# Of two letters of one step, the one that is further on its way is the one.
_FURTHEST = ["sent", "submitting", "unknown", "claimed", "queued", "deferred", "failed", "skipped"]


@rule(Contact, Enrolment)
def one_run(changes, kept, gone):
    """One run of each sequence, at the step of the one that was further; whoever has left one has left it."""
    rows = list(Enrolment.objects.select_for_update().filter(contact__in=[kept, gone]).order_by("pk"))
    mine = {row.sequence_id: row for row in rows if row.contact_id == kept.pk}
    for other in rows:
        twin = mine.get(other.sequence_id)
        if other.contact_id == gone.pk and twin:
            _join(changes, *sorted([twin, other], key=lambda row: -row.position))
    changes.move(Reference(Enrolment, "contact_id"), gone.pk, kept.pk)


def _join(changes, first, second):
    """Bring the steps of the second run into the first, and end it."""
    has = {run.step_id: run for run in StepRun.objects.filter(enrolment=first)}
    letters = _letters(first, second)
    for run in StepRun.objects.filter(enrolment=second).order_by("pk"):
        twin = has.get(run.step_id)
        if twin:
            _one_letter(changes, run, twin, letters)
        else:
            changes.update(StepRun, [run.pk], enrolment_id=first.pk)
    for letter in letters.values():
        if letter.refs["enrolment"] == second.pk:
            changes.update(Delivery, [letter.pk], refs=letter.refs | {"enrolment": first.pk})
    left = Enrolment.State.LEFT
    if second.state == left != first.state:
        changes.update(Enrolment, [first.pk], state=left, reason=second.reason, ended_at=second.ended_at)
    changes.delete(Enrolment, [second.pk])


def _letters(*enrolments):
    """{(enrolment, step): letter}, locked: none of them begins to leave while the two become one."""
    rows = Delivery.objects.select_for_update().filter(
        contact_id__in=[row.contact_id for row in enrolments],
        purpose="campaigns.step",
        refs__enrolment__in=[row.pk for row in enrolments],
    )
    return {(d.refs["enrolment"], d.refs["step"]): d for d in rows.order_by("pk")}


def _one_letter(changes, run, twin, letters):
    """Of two people's letters of one step one is left; the other, if it still waits, does not go."""

    def progress(one):
        letter = letters.get((one.enrolment_id, one.step_id))
        return _FURTHEST.index(letter.state if letter and letter.state in _FURTHEST else one.outcome)

    best, other = sorted([twin, run], key=progress)
    letter = letters.get((other.enrolment_id, other.step_id))
    if letter and letter.state in {*Delivery.WAITING, State.CLAIMED}:
        now = timezone.now()
        changes.update(
            Delivery,
            [letter.pk],
            state=State.CANCELLED,
            reason="merged",
            settled_at=now,
            reported_at=now,
            lease_until=None,
        )
    changes.delete(StepRun, [other.pk])
    if best.enrolment_id != twin.enrolment_id:
        changes.update(StepRun, [best.pk], enrolment_id=twin.enrolment_id)


@rule(Contact, SegmentMembership)
def one_membership(changes, kept, gone):
    """In a segment both are in, the one that stays is once."""
    open_ = SegmentMembership.objects.filter(left_at=None)
    both = open_.filter(contact=gone, segment__in=open_.filter(contact=kept).values("segment"))
    changes.delete(SegmentMembership, both.values_list("pk", flat=True))
    changes.move(Reference(SegmentMembership, "contact_id"), gone.pk, kept.pk)


@rule(Contact, ContactScore)
def one_score(changes, kept, gone):
    """The higher score until it is counted anew; who was handed over is not handed over again."""
    rows = {row.pk: row for row in ContactScore.objects.filter(contact__in=[kept, gone])}
    if len(rows) == 2:
        higher = max(rows.values(), key=lambda row: row.score)
        changes.update(
            ContactScore,
            [kept.pk],
            score=higher.score,
            reasons=higher.reasons,
            is_handed_over=any(row.is_handed_over for row in rows.values()),
        )
        changes.delete(ContactScore, [gone.pk])
    changes.move(Reference(ContactScore, "contact_id"), gone.pk, kept.pk)


@rule(Contact, Suppression)
def refusal_of_either(changes, kept, gone):
    """Who has refused letters under one address has refused them under all, unless a later provable consent says otherwise."""
    norms = set(ContactPoint.objects.filter(contact__in=[kept, gone], kind="email").values_list("norm", flat=True))
    norms |= {norm for one in (kept, gone) if (norm := norm_email(one.email))}
    digests = {Suppression.digest_of(norm) for norm in norms}
    known = list(Suppression.objects.filter(digest__in=digests).order_by("at"))
    for topic in sorted({row.topic for row in known}):
        _spread(changes, kept, gone, topic, digests, [row for row in known if row.topic == topic])


def _spread(changes, kept, gone, topic, digests, known):
    refusals = [row for row in known if row.reason != Suppression.Reason.BOUNCED]
    if not refusals or _has_consented_since(kept, gone, topic, refusals[-1].at):
        return
    last = refusals[-1]
    for digest in sorted(digests - {row.digest for row in known}):
        changes.made(Suppression.objects.create(digest=digest, topic=topic, reason=last.reason, at=last.at))


def _has_consented_since(kept, gone, topic, at):
    rows = Consent.objects.covering(Consent.Purpose.ADVERTISING, topic=topic).filter(contact__in=[kept, gone])
    newest = rows.newest_first().first()
    return bool(
        newest
        and newest.is_given
        and newest.at > at
        and (newest.is_proved or (newest.text and (newest.source or newest.address)))
    )
