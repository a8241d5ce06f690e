"""The numbers of a sequence: what stands on each step, where people are, why they ended."""

from datetime import timedelta

from django.db.models import Count, Min, Q
from django.utils import timezone

from campaigns.models import Enrolment, Step, StepRun
from campaigns.services.checks import blocked_reasons
from contacts.models import Contact

PAGE = 50
State = Enrolment.State


def steps_of(sequence):
    """Its steps in order, each with `numbers` {sent, held, opened, clicked} and `waiting`, how many stand there."""
    steps = list(sequence.steps.select_related("letter"))
    numbers = {
        row["step"]: row
        for row in StepRun.objects.filter(step__in=steps)
        .values("step")
        .annotate(
            sent=Count("pk", Q(outcome="sent")),
            held=Count("pk", Q(outcome__in=["skipped", "failed"])),
            opened=Count("opened_at"),
            clicked=Count("clicked_at"),
            queued=Count("pk", Q(outcome="queued")),
        )
    }
    active = Enrolment.objects.filter(sequence=sequence, state=State.ACTIVE)
    standing = dict(active.values_list("position").annotate(n=Count("pk")).order_by())
    number = 0
    for place, step in enumerate(steps):
        step.numbers = numbers.get(step.pk, {})
        # Whoever waits has the wait behind and the next step before: the position counts steps that are done.
        step.waiting = standing.get(place + 1, 0) if step.kind == Step.Kind.WAIT else 0
        number += step.kind == Step.Kind.LETTER
        step.number = number
    return steps


def health(sequence, steps):
    """The strip above the flow: {active, entered, today, finished, left, sent, opened, clicked, held, next_at}."""
    rows = Enrolment.objects.filter(sequence=sequence)
    found = rows.aggregate(
        active=Count("pk", Q(state=State.ACTIVE)),
        finished=Count("pk", Q(state=State.FINISHED)),
        left=Count("pk", Q(state=State.LEFT)),
        entered=Count("pk"),
        today=Count("pk", Q(entered_at__gt=timezone.now() - timedelta(days=1))),
        next_at=Min("due_at", filter=Q(state=State.ACTIVE)),
    )
    for name in ("sent", "opened", "clicked", "held", "queued"):
        found[name] = sum(step.numbers.get(name, 0) for step in steps)
    for name in ("opened", "clicked"):
        found[f"{name}_share"] = round(100 * found[name] / found["sent"]) if found["sent"] else None
    return found


def reasons(sequence):
    """Why people ended early and letters were held back: ([(code, n)] of leaving, [(code, n)] of holding)."""
    left = Enrolment.objects.filter(sequence=sequence, state=State.LEFT).values_list("reason")
    held = StepRun.objects.filter(step__sequence=sequence, outcome__in=["skipped", "failed"]).values_list("reason")
    return tuple(list(rows.annotate(n=Count("pk")).order_by("-n", "reason")) for rows in (left, held))


def people(sequence, user, *, state="", reason="", text="", before=0):
    """(a page of enrolments the user may see, key of the next page or None), newest first.

    `reason` finds both people who left for it and people with a letter held back for it.
    """
    rows = Enrolment.objects.filter(sequence=sequence, contact__in=Contact.objects.visible_to(user))
    if state in State.values:
        rows = rows.filter(state=state)
    if reason:
        held = StepRun.objects.filter(step__sequence=sequence, outcome__in=["skipped", "failed"], reason=reason)
        rows = rows.filter(Q(reason=reason) | Q(pk__in=held.values("enrolment")))
    if text:
        rows = rows.filter(Q(contact__name_key__contains=text.casefold()) | Q(contact__email__icontains=text))
    if before:
        rows = rows.filter(pk__lt=before)
    page = list(rows.select_related("contact__company").order_by("-pk")[: PAGE + 1])
    more = page[PAGE - 1].pk if len(page) > PAGE else None
    return page[:PAGE], more


def still_to_come(step):
    """How many people under way have this step before them."""
    return Enrolment.objects.filter(sequence=step.sequence_id, state=State.ACTIVE, position__lte=_place(step)).count()


def unusual_people(sequence, user):
    """Up to eight people of the segment to look at a letter with: without a name, with the longest, the newest."""
    rows = Contact.objects.visible_to(user).filter(
        segment_memberships__segment=sequence.segment_id, segment_memberships__left_at=None
    )
    newest = list(rows.order_by("-pk")[:6])
    nameless = list(rows.filter(first_name="").order_by("-pk")[:2])
    return list(dict.fromkeys([*nameless, *newest]))[:8]


def blocked_now(contact, topic=""):
    """The code of what stands against letters on the topic to a person now, or ""."""
    return blocked_reasons([contact], topic).get(contact.pk, "")


def _place(step):
    return Step.objects.filter(sequence=step.sequence_id, position__lt=step.position).count()
