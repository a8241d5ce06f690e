"""Received letters: what became of each, the original to download, those that wait for a look."""

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from crm import htmx
from crm.access import ALL, fetch, may
from tickets.models import InboundMail, Ticket, TicketMessage
from tickets.services.inbound import ledger
from tickets.services.inbound.take import take_again

PAGE = 50
# Letters taken again with one press; the page says how many are left.
AT_ONCE = 50


def index(request):
    """Newest first, paged by key; `show=waiting` leaves those that a person has to look at."""
    _require_lead(request.user)
    waiting = request.GET.get("show") == "waiting"
    rows = InboundMail.objects.select_related("mailbox", "ticket", "raw").order_by("-pk")
    rows = rows.waiting() if waiting else rows
    before = request.GET.get("before", "")
    found = list((rows.filter(pk__lt=int(before)) if before.isdecimal() else rows)[: PAGE + 1])
    context = {
        "rows": found[:PAGE],
        "more": found[PAGE - 1].pk if len(found) > PAGE else None,
        "waiting": waiting,
        "count": len(InboundMail.objects.waiting()[:1000].values_list("pk")),
    }
    return render(request, "tickets/letter_list.html", context)


@require_POST
def take(request, pk=None):
    """Take a waiting letter in once more, or the oldest of all that wait."""
    _require_lead(request.user)
    rows = InboundMail.objects.waiting().select_related("raw", "mailbox")
    picked = [get_object_or_404(rows, pk=pk)] if pk else rows.order_by("pk")[:AT_ONCE]
    verdicts = [take_again(row) for row in picked]
    done = sum(1 for verdict in verdicts if verdict.outcome not in InboundMail.WAITING)
    if pk and verdicts[0].ticket:
        return htmx.redirect(request, verdicts[0].ticket.get_absolute_url(), _("The letter is here now."))
    text = _("Taken in: %(done)s of %(all)s.") % {"done": done, "all": len(verdicts)}
    return htmx.redirect(request, reverse("tickets:letters") + "?show=waiting", text)


@require_POST
def dismiss(request, pk):
    """A waiting letter asks for nothing: it leaves the list, its original stays as long as others do."""
    _require_lead(request.user)
    row = get_object_or_404(InboundMail.objects.waiting(), pk=pk)
    InboundMail.objects.filter(pk=row.pk).update(
        outcome=InboundMail.Outcome.IGNORED, reason=f"{request.user}: {row.reason}"[:300]
    )
    return htmx.redirect(request, reverse("tickets:letters") + "?show=waiting", _("Put aside."))


def raw(request, pk):
    """The original of any letter, for those who lead the desk."""
    _require_lead(request.user)
    return _download(InboundMail.objects.select_related("raw").filter(pk=pk).first())


def message_raw(request, pk, message_pk):
    """The original of a client's message, for whoever sees its ticket."""
    ticket = fetch(Ticket.objects.all(), request.user, pk)
    message = fetch(TicketMessage.objects.filter(ticket=ticket), request.user, message_pk)
    return _download(message.letters.select_related("raw").first())


def _download(row):
    """Only ever a download: the letter is a stranger's file."""
    content = ledger.raw_of(row) if row else None
    if content is None:
        raise Http404
    answer = HttpResponse(content, content_type="application/octet-stream")
    answer.headers["Content-Disposition"] = content_disposition_header(True, f"letter-{row.pk}.eml")
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def _require_lead(user):
    if not (may(user, "settings", "edit") or user.level("ticket", "edit") >= ALL):
        raise PermissionDenied
