"""Sequences: a flow of letters and waits with numbers on every step."""

from django.db import transaction
from django.db.models import Count, Q
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from campaigns.forms import SequenceForm
from campaigns.models import Enrolment, Sequence
from campaigns.services import checks, flow, sequences
from crm import htmx
from crm.access import fetch, require

Status = Sequence.Status
# What may be done in which status.
FROM = {
    "start": [Status.DRAFT],
    "pause": [Status.RUNNING],
    "resume": [Status.PAUSED],
    "stop": [Status.RUNNING, Status.PAUSED],
}


def index(request):
    require(request.user, "sequence")
    rows = (
        Sequence.objects.visible_to(request.user)
        .select_related("segment", "owner")
        .annotate(
            active=Count("enrolments", Q(enrolments__state="active")),
            finished=Count("enrolments", Q(enrolments__state="finished")),
        )
        .order_by("name")
    )
    return render(request, "campaigns/sequence_list.html", {"rows": rows[:200]})


@transaction.atomic
def edit(request, pk=None):
    require(request.user, "sequence", "edit")
    sequence = fetch(Sequence.objects.all(), request.user, pk, edit=True) if pk else Sequence()
    if not pk:
        sequence.assign_to(request.user)
    form = SequenceForm(request.POST or None, instance=sequence, user=request.user)
    if request.method == "POST" and form.is_valid():
        return htmx.redirect(request, form.save().get_absolute_url(), _("Saved."))
    parent = (_("Sequences"), reverse("campaigns:sequences"))
    context = {"form": form, "title": sequence.name or _("New sequence"), "parent": parent}
    return render(request, "campaigns/form.html", context, status=422 if form.errors else 200)


def show(request, pk):
    """The flow, what stands in the way of the start, why people ended."""
    sequence = fetch(Sequence.objects.select_related("segment"), request.user, pk)
    left, held = flow.reasons(sequence)
    context = _numbers(sequence) | {
        "left": left,
        "held": held,
        "preflight": checks.preflight(sequence) if sequence.status == Status.DRAFT else None,
    }
    return render(request, "campaigns/sequence.html", context)


def numbers(request, pk):
    """The flow with fresh numbers, asked for by the open page."""
    sequence = fetch(Sequence.objects.select_related("segment"), request.user, pk)
    return render(request, "campaigns/_sequence_flow.html", _numbers(sequence) | {"swapped": True})


def _numbers(sequence):
    steps = flow.steps_of(sequence)
    health = flow.health(sequence, steps)
    where = [(state.value, state.label, health[state.value]) for state in Enrolment.State]
    return {"sequence": sequence, "steps": steps, "health": health, "where": where}


@require_POST
def move(request, pk, verb):
    """Start, pause, go on or stop."""
    sequence = fetch(Sequence.objects.all(), request.user, pk, edit=True)
    if sequence.status not in FROM[verb]:
        text = _("Nothing changed: the sequence is %(status)s.") % {"status": sequence.get_status_display()}
        return htmx.redirect(request, sequence.get_absolute_url(), text)
    if verb == "start" and not sequence.steps.filter(kind="letter").exists():
        return htmx.redirect(request, sequence.get_absolute_url(), _("Add a letter first."))
    if verb == "start":
        n = sequences.start(sequence, by=request.user)
        text = ngettext("Running: %(n)s person has entered.", "Running: %(n)s people have entered.", n) % {"n": n}
        return htmx.redirect(request, sequence.get_absolute_url(), text)
    {"pause": sequences.pause, "resume": sequences.resume, "stop": sequences.stop}[verb](sequence)
    return htmx.redirect(request, sequence.get_absolute_url(), _done(verb))


def _done(verb):
    return {
        "pause": _("Paused: no letter leaves, everybody keeps their place."),
        "resume": _("Running again: what is due leaves within the next hour."),
        "stop": _("Stopped for everybody."),
    }[verb]
