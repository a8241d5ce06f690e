"""Steps of a sequence: letters, waits, the preview and the test of a letter."""

from django.db import transaction
from django.db.models import Max
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from campaigns.forms import LetterForm, TestLetterForm, WaitForm
from campaigns.models import Letter, Sequence, Step
from campaigns.services import flow, letters
from contacts.models import Contact
from crm import htmx
from crm.access import fetch
from crm.mail import queue_mail


@transaction.atomic
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
    if step:
        person = _person(request)
        context |= {
            "people": flow.unusual_people(sequence, request.user),
            "person": person,
            "subject": letters.fill(Letter.objects.get(pk=row.pk), person)[0],
            "to_come": flow.still_to_come(step) if sequence.status != "draft" else None,
        }
    return render(request, "campaigns/letter_form.html", context, status=422 if form.errors else 200)


@require_POST
def wait(request, pk, step_pk=None):
    """Add a wait at the end, or change how long one lasts."""
    sequence = fetch(Sequence.objects.all(), request.user, pk, edit=True)
    form = WaitForm(request.POST)
    if not form.is_valid():
        text = next(iter(form.errors.values()))[0]
        return htmx.redirect(request, sequence.get_absolute_url(), text)
    minutes = form.cleaned_data["wait"]
    if step_pk is None:
        Step.objects.create(sequence=sequence, kind="wait", wait=minutes, position=_last(sequence))
        return htmx.redirect(request, sequence.get_absolute_url(), _("Added."))
    step = get_object_or_404(sequence.steps, pk=step_pk, kind="wait")
    Step.objects.filter(pk=step.pk).update(wait=minutes)
    text = _("Changed. Whoever waits already waits as long as before.") if sequence.status != "draft" else _("Changed.")
    return htmx.redirect(request, sequence.get_absolute_url(), text)


@require_POST
def destroy(request, pk, step_pk):
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
        "sandbox; default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; frame-ancestors 'self'"
    )
    answer.headers["X-Frame-Options"] = "SAMEORIGIN"
    answer._csp_exempt = True
    return answer


@require_POST
def test(request, pk, step_pk):
    """Send the letter to an address of one's own: it counts nothing and enrols nobody."""
    sequence = fetch(Sequence.objects.all(), request.user, pk, edit=True)
    step = get_object_or_404(sequence.steps.select_related("letter"), pk=step_pk, kind="letter")
    form = TestLetterForm(request.POST, user=request.user)
    if not form.is_valid():
        return htmx.redirect(request, sequence.get_absolute_url(), form.errors["email"][0])
    subject, text, html = letters.fill(step.letter, _person(request))
    queue_mail(to=form.cleaned_data["email"], subject=f"[{_('Test')}] {subject}", text=text, html=html, by=request.user)
    return htmx.redirect(
        request,
        sequence.get_absolute_url(),
        _("The test is on its way to %(to)s.") % {"to": form.cleaned_data["email"]},
    )


def _person(request):
    """The contact to preview with: the wished one, else the newest one the user may see, else somebody made up."""
    pk = request.GET.get("contact", "") or request.POST.get("contact", "")
    people = Contact.objects.visible_to(request.user).select_related("company")
    found = people.filter(pk=pk).first() if pk.isdecimal() else people.exclude(first_name="").order_by("-pk").first()
    return found or Contact(first_name="Anna")


def _last(sequence):
    found = sequence.steps.aggregate(last=Max("position"))["last"]
    return 0 if found is None else found + 1
