"""People of a sequence: who waits, who ended and why, and the whole story of one."""

from django.shortcuts import render

from campaigns.models import Enrolment, Sequence, StepRun
from campaigns.services import flow
from contacts.models import Contact
from crm.access import fetch


def index(request, pk):
    """Everybody who has entered, newest first, by state, reason or name."""
    sequence = fetch(Sequence.objects.all(), request.user, pk)
    state, reason = request.GET.get("state", ""), request.GET.get("reason", "")[:100]
    text, before = request.GET.get("q", "").strip()[:100], request.GET.get("before", "")
    rows, more = flow.people(
        sequence,
        request.user,
        state=state,
        reason=reason,
        text=text,
        before=int(before) if before.isdecimal() and len(before) < 19 else 0,
    )
    steps = flow.steps_of(sequence)
    for row in rows:
        # The next letter is the first one at or after the person's place.
        row.next_letter = next((s.letter for s in steps[row.position :] if s.letter_id), None)
    context = {
        "sequence": sequence, "rows": rows, "more": more, "state": state, "reason": reason, "text": text,
        "states": Enrolment.State.choices,
    }  # fmt: skip
    return render(request, "campaigns/sequence_people.html", context)


def why(request, pk, contact_pk):
    """Why did or didn't this person get it: every step with its outcome and reason."""
    sequence = fetch(Sequence.objects.all(), request.user, pk)
    contact = fetch(Contact.objects.all(), request.user, contact_pk)
    enrolment = Enrolment.objects.filter(sequence=sequence, contact=contact).first()
    runs = StepRun.objects.filter(enrolment=enrolment).select_related("step__letter").order_by("at", "pk")
    context = {
        "sequence": sequence,
        "contact": contact,
        "enrolment": enrolment,
        "runs": runs if enrolment else [],
        "blocked": flow.blocked_now(contact, sequence.topic_code),
    }
    return render(request, "campaigns/why.html", context)
