"""Personal data: the desk of requests, a person's copy, erasing."""

from django.db import transaction
from django.http import FileResponse, Http404
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from contacts.forms_privacy import ErasureForm, HoldForm, PrivacyRequestForm, RefusalForm
from contacts.lists_privacy import PrivacyList
from contacts.models import Contact, LegalHold, PrivacyRequest
from contacts.services import privacy
from contacts.services.privacy import preview as previews
from contacts.services.privacy import requests
from crm import htmx, jobs, lists
from crm.access import fetch, may, require
from crm.events import record

Kind = PrivacyRequest.Kind


def index(request):
    return lists.index(request, PrivacyList)


def person(request, pk):
    """What can be done with the data of one person."""
    require(request.user, "privacy")
    return _person(request, fetch(Contact.objects.for_card(), request.user, pk))


def _person(request, contact, hold_form=None, status=200):
    rows = PrivacyRequest.objects.visible_to(request.user).filter(contact=contact).order_by("-pk")
    context = {
        "contact": contact,
        "rows": rows[:50],
        "hold": LegalHold.objects.filter(contact=contact).select_related("by").first(),
        "hold_form": hold_form or HoldForm(),
    }
    return render(request, "contacts/privacy_person.html", context, status=status)


def new(request):
    """Note a request as it came."""
    require(request.user, "privacy", "edit")
    asked = request.GET.get("contact", "") or request.POST.get("contact", "")
    if not asked.isdecimal() or len(asked) > 18:
        raise Http404
    contact = fetch(Contact.objects.for_card(), request.user, int(asked))
    initial = {
        "contact": contact.pk,
        "kind": request.GET.get("kind", Kind.EXPORT),
        "law": requests.law_for(contact),
        "language": requests.language_of(contact),
    }
    form = PrivacyRequestForm(request.POST or None, user=request.user, initial=initial)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        row = requests.note_request(data.pop("contact"), data.pop("kind"), by=request.user, **data)
        return htmx.redirect(
            request, row.get_absolute_url(), _("Noted. To be answered by %(day)s.") % {"day": row.due_on}
        )
    context = {"form": form, "contact": contact}
    return render(request, "contacts/privacy_form.html", context, status=422 if form.errors else 200)


def show(request, pk):
    return _show(request, fetch(PrivacyRequest.objects.for_card(), request.user, pk))


def _show(request, row, form=None, status=200):
    contact = requests.person_behind(row, request.user)
    context = {
        "row": row,
        "contact": contact,
        "form": form or RefusalForm(),
        **_at_work(row.job, request.user),
        "failed": row.job if row.job and row.job.is_over and row.state == PrivacyRequest.State.RUNNING else None,
        "may_fetch": row.has_file and _may_fetch(row, request.user),
    }
    return render(request, "contacts/privacy_request.html", context, status=status)


def _at_work(job, user):
    """What the bar of progress needs of a job that is not over; that of a colleague is theirs to watch and to cancel."""
    if job is None or job.is_over:
        return {}
    watches = jobs.of_user(user).filter(pk=job.pk).exists()
    return {"job": job, "job_label": jobs.kind_named(job.kind).label, "watches": watches}


@require_POST
def copy(request, pk):
    """Pack the copy: a job; the person who started it may fetch it for seven days."""
    require(request.user, "privacy", "export")
    row = fetch(PrivacyRequest.objects.for_card(), request.user, pk)
    if row.kind != Kind.EXPORT or row.state == PrivacyRequest.State.REFUSED:
        raise Http404
    _contact_of(row, request.user)
    requests.start_copy(row, by=request.user)
    return htmx.redirect(request, row.get_absolute_url())


@require_POST
@transaction.atomic
def copy_now(request, pk):
    """From the page of the person: note the request and pack at once."""
    require(request.user, "privacy", "export")
    contact = fetch(Contact.objects.for_card(), request.user, pk)
    language = request.POST.get("language", "")
    row = requests.note_request(
        contact, Kind.EXPORT, by=request.user, language=language if language in {"en", "ru"} else ""
    )
    requests.start_copy(row, by=request.user)
    return htmx.redirect(request, row.get_absolute_url())


def file(request, pk):
    """The archive: for who had it packed, while the right lasts, until its day."""
    row = fetch(PrivacyRequest.objects.for_card(), request.user, pk)
    if not row.has_file or not _may_fetch(row, request.user):
        raise Http404
    try:
        content = row.file.content.open("rb")
    except FileNotFoundError:
        raise Http404 from None
    record("privacy.fetched", contact=row.contact, target=row, actor=request.user)
    answer = FileResponse(content, as_attachment=True, filename=row.file.name)
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def _may_fetch(row, user):
    return row.file.by_id == user.pk and may(user, "privacy", "export")


@require_POST
def refusal(request, pk):
    require(request.user, "privacy", "edit")
    row = fetch(PrivacyRequest.objects.for_card(), request.user, pk)
    form = RefusalForm(request.POST)
    if not form.is_valid():
        return _show(request, row, form, status=422)
    requests.refuse(row, form.cleaned_data["reason"], by=request.user)
    return htmx.redirect(request, row.get_absolute_url(), _("Noted."))


@require_POST
def preview(request, pk):
    """Count what will go: a job, for some tables are read whole."""
    require(request.user, "privacy", "delete")
    row, contact = _to_erase(request, pk)
    previews.start(row, by=request.user)
    return htmx.redirect(request, reverse("contacts:privacy_erase", args=[row.pk]))


def erase(request, pk):
    """What will go and what stays, by the code that erases; a post with the name typed begins it."""
    require(request.user, "privacy", "delete")
    row, contact = _to_erase(request, pk)
    counting = previews.last(row, request.user)
    found = counting.result.get("found") if counting else None
    warnings = privacy.warnings(contact)
    form = ErasureForm(request.POST or None, contact=contact, warnings=warnings)
    refusal = ""
    if request.method == "POST" and found is None:
        refusal = _("Look first at what will go.")
    elif request.method == "POST" and form.is_valid():
        try:
            requests.start_erasure(row, by=request.user)
            return htmx.redirect(request, row.get_absolute_url())
        except privacy.ErasureRefused as error:
            refusal = str(error)
    goes, stays = previews.lines(found) if found else ([], [])
    context = {
        "row": row, "contact": contact, "form": form, "warnings": warnings, "found": found, "goes": goes, "stays": stays,
        "refusal": refusal, "hold": LegalHold.objects.filter(contact=contact).first(), "counting": counting,
        **_at_work(counting, request.user),
    }  # fmt: skip
    return render(request, "contacts/privacy_erase.html", context, status=422 if form.errors or refusal else 200)


def _to_erase(request, pk):
    """(request, person) of an erasure that is still to be done; else 404."""
    row = fetch(PrivacyRequest.objects.for_card(), request.user, pk)
    contact = _contact_of(row, request.user)
    if row.kind != Kind.ERASURE or not row.is_open:
        raise Http404
    return row, contact


def _contact_of(row, user):
    """The person of a request, as far as the user may see the record; else 404."""
    contact = requests.person_behind(row, user)
    if contact is None:
        raise Http404
    return contact


@require_POST
def hold(request, pk):
    """Lay a legal hold on a person, or lift the one that stood on the page."""
    require(request.user, "privacy", "edit")
    contact = fetch(Contact.objects.for_card(), request.user, pk)
    there = reverse("contacts:privacy_person", args=[contact.pk])
    if "lift" in request.POST:
        told = _("The hold is lifted.")
        if not requests.lift_hold(contact, request.POST["lift"], by=request.user):
            told = _("The hold that you saw is lifted already. Look at what lies here now.")
        return htmx.redirect(request, there, told)
    form = HoldForm(request.POST)
    if form.is_valid():
        try:
            requests.lay_hold(contact, form.cleaned_data["reason"], by=request.user)
            return htmx.redirect(request, there, _("The hold lies on this person."))
        except requests.HoldRefused as error:
            form.add_error("reason", str(error))
    return _person(request, contact, form, status=422)
