"""Sequences: a flow of letters and waits with numbers on every step."""

from django.db import transaction
from django.db.models import Count, Max, Q
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from campaigns.forms import LetterForm, SequenceForm, TestLetterForm, WaitForm
from campaigns.models import Enrolment, Letter, Sequence, Step, StepRun
from campaigns.services import letters, sequences
from contacts.models import Contact
from crm import htmx
from crm.access import fetch, require
from crm.mail import queue_mail


def index(request):
    require(request.user, "sequence")
    counted = Count("enrolments", Q(enrolments__state="active"))
    rows = (
        Sequence.objects.visible_to(request.user)
        .select_related("segment", "owner")
        .annotate(active=counted)
        .order_by("name")
    )
    return render(request, "campaigns/sequence_list.html", {"rows": rows[:200]})


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
    """The flow, what stands in the way of the start, and who is where."""
    sequence = fetch(Sequence.objects.select_related("segment"), request.user, pk)
    numbers = {
        row["step"]: row
        for row in StepRun.objects.filter(step__sequence=sequence)
        .values("step")
        .annotate(
            sent=Count("pk", Q(outcome="sent")),
            held=Count("pk", Q(outcome__in=["skipped", "failed"])),
            opened=Count("opened_at"),
            clicked=Count("clicked_at"),
        )
    }
    steps = list(sequence.steps.select_related("letter"))
    for step in steps:
        step.numbers = numbers.get(step.pk, {})
    people = Enrolment.objects.filter(sequence=sequence, contact__in=Contact.objects.visible_to(request.user))
    context = {
        "sequence": sequence,
        "steps": steps,
        "states": dict(people.values_list("state").annotate(n=Count("pk"))),
        "people": people.select_related("contact").order_by("-entered_at")[:30],
        "preflight": sequences.preflight(sequence) if sequence.status == "draft" else None,
    }
    return render(request, "campaigns/sequence.html", context)


@require_POST
def move(request, pk, verb):
    """Start, pause, go on or stop."""
    sequence = fetch(Sequence.objects.all(), request.user, pk, edit=True)
    if verb == "start" and not sequence.steps.filter(kind="letter").exists():
        return htmx.redirect(request, sequence.get_absolute_url(), _("Add a letter first."))
    if verb == "start":
        n = sequences.start(sequence, by=request.user)
        return htmx.redirect(request, sequence.get_absolute_url(), _("Running: %(n)s people have entered.") % {"n": n})
    {"pause": sequences.pause, "resume": sequences.resume, "stop": sequences.stop}[verb](sequence)
    return htmx.redirect(request, sequence.get_absolute_url(), _("Done."))


def letter(request, pk, step_pk=None):
    """Write a letter of the sequence; a new one comes at the end."""
    sequence = fetch(Sequence.objects.all(), request.user, pk, edit=True)
    step = get_object_or_404(sequence.steps, pk=step_pk, kind="letter") if step_pk else None
    row = step.letter if step else Letter(language=request.user.language)
    form = LetterForm(request.POST or None, instance=row)
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                letters.keep(form.save(commit=False))
                if step is None:
                    Step.objects.create(sequence=sequence, kind="letter", letter=row, position=_last(sequence))
        except letters.LetterFaulty as fault:
            form.add_error("body", str(fault))
        else:
            return htmx.redirect(request, sequence.get_absolute_url(), _("Saved."))
    context = {"form": form, "sequence": sequence, "step": step, "letter": row}
    return render(request, "campaigns/letter_form.html", context, status=422 if form.errors else 200)


@require_POST
def wait(request, pk):
    sequence = fetch(Sequence.objects.all(), request.user, pk, edit=True)
    form = WaitForm(request.POST)
    if not form.is_valid():
        text = next(iter(form.errors.values()))[0]
        return htmx.redirect(request, sequence.get_absolute_url(), text)
    Step.objects.create(sequence=sequence, kind="wait", wait=form.cleaned_data["wait"], position=_last(sequence))
    return htmx.redirect(request, sequence.get_absolute_url(), _("Added."))


@require_POST
def step_delete(request, pk, step_pk):
    """Remove a step that nobody has gone through."""
    sequence = fetch(Sequence.objects.all(), request.user, pk, edit=True)
    step = get_object_or_404(sequence.steps, pk=step_pk)
    if sequence.status != "draft":
        return htmx.redirect(
            request, sequence.get_absolute_url(), _("People are on their way: stop the sequence and copy it instead.")
        )
    step.delete()
    return htmx.redirect(request, sequence.get_absolute_url(), _("Removed."))


def preview(request, pk, step_pk):
    """The letter as one person would get it, alone in a frame."""
    sequence = fetch(Sequence.objects.all(), request.user, pk)
    step = get_object_or_404(sequence.steps.select_related("letter"), pk=step_pk, kind="letter")
    answer = render(request, "campaigns/preview.html", {"html": letters.fill(step.letter, _person(request))[2]})
    answer.headers["Content-Security-Policy"] = (
        "sandbox; default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'"
    )
    answer.headers["X-Frame-Options"] = "SAMEORIGIN"
    answer._csp_exempt = True
    return answer


@require_POST
def test(request, pk, step_pk):
    """Send the letter to an address of one's own: it counts nothing and enrols nobody."""
    sequence = fetch(Sequence.objects.all(), request.user, pk, edit=True)
    step = get_object_or_404(sequence.steps.select_related("letter"), pk=step_pk, kind="letter")
    form = TestLetterForm(request.POST)
    if not form.is_valid():
        return htmx.redirect(request, sequence.get_absolute_url(), _("Write an email address."))
    subject, text, html = letters.fill(step.letter, _person(request))
    queue_mail(to=form.cleaned_data["email"], subject=f"[{_('Test')}] {subject}", text=text, html=html, by=request.user)
    return htmx.redirect(
        request,
        sequence.get_absolute_url(),
        _("The test is on its way to %(to)s.") % {"to": form.cleaned_data["email"]},
    )


def why(request, pk, contact_pk):
    """Why did or didn't this person get it: every step with its outcome and reason."""
    sequence = fetch(Sequence.objects.all(), request.user, pk)
    contact = fetch(Contact.objects.all(), request.user, contact_pk)
    enrolment = Enrolment.objects.filter(sequence=sequence, contact=contact).first()
    runs = (
        StepRun.objects.filter(enrolment=enrolment).select_related("step__letter").order_by("at") if enrolment else []
    )
    blocked = sequences.blocked_reasons([contact]).get(contact.pk, "")
    context = {"sequence": sequence, "contact": contact, "enrolment": enrolment, "runs": runs, "blocked": blocked}
    return render(request, "campaigns/why.html", context)


def _person(request):
    """The contact to preview with: the wished one, else the newest one the user may see, else somebody made up."""
    pk = request.GET.get("contact", "")
    people = Contact.objects.visible_to(request.user).select_related("company")
    found = people.filter(pk=pk).first() if pk.isdecimal() else people.exclude(first_name="").order_by("-pk").first()
    return found or Contact(first_name="Anna")


def _last(sequence):
    found = sequence.steps.aggregate(last=Max("position"))["last"]
    return 0 if found is None else found + 1
