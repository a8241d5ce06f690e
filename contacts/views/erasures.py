"""Certificates of erasures, and whether their chain is whole."""

from django.http import Http404, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST

from contacts.models import Erasure
from contacts.services.privacy import certificates, chain
from crm import htmx, jobs
from crm.access import fetch, require

PAGE = 50


def index(request):
    """The newest first, and what the last check of the chain has found."""
    require(request.user, "privacy")
    rows = Erasure.objects.visible_to(request.user).exclude(digest="").order_by("-pk")
    before = request.GET.get("before", "")
    if before and not before.isdecimal():
        raise Http404
    rows = list((rows.filter(pk__lt=int(before[:18])) if before else rows)[: PAGE + 1])
    check = chain.last()
    context = {
        "rows": rows[:PAGE],
        "more": rows[PAGE - 1].pk if len(rows) > PAGE else None,
        "check": check,
        "job": check if check and not check.is_over and check.by_id == request.user.pk else None,
        "job_label": jobs.kind_named(chain.KIND).label,
        "faults": chain.faults_of(check) if check else [],
    }
    return render(request, "contacts/erasures.html", context)


@require_POST
def check(request):
    """Walk the chain: a job."""
    require(request.user, "privacy")
    chain.start(by=request.user)
    return htmx.redirect(request, reverse("contacts:erasures"))


def show(request, pk):
    """Proof of an erasure: who, when, how many rows of which kind; nothing of the person."""
    row = fetch(Erasure.objects.all(), request.user, pk)
    context = {"row": row, "sound": certificates.is_sound(row), "lines": certificates.lines(row)}
    return render(request, "contacts/erasure.html", context)


def file(request, pk):
    row = fetch(Erasure.objects.exclude(digest=""), request.user, pk)
    answer = JsonResponse(certificates.document(row), json_dumps_params={"indent": 1})
    answer.headers["Content-Disposition"] = f'attachment; filename="erasure-{row.uuid}.json"'
    return answer
