"""Proposals: list, editor, PDF, sending, withdrawing, new versions."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from crm import field_access, htmx
from crm.access import fetch, require
from crm.models import Workspace
from deals.documents.pdf import render_pdf
from deals.forms_proposals import SendForm, VersionForm
from deals.models import Deal, Proposal
from deals.services import proposals
from deals.views.lines import lines_context

PAGE = 50


def index(request):
    """All proposals of the deals that the user may see, newest first."""
    require(request.user, "deal")
    rows = Proposal.objects.visible_to(request.user).for_card().order_by("-pk")
    before = request.GET.get("before", "")
    if before.isdecimal() and len(before) < 12:
        rows = rows.filter(pk__lt=int(before))
    found = list(rows[: PAGE + 1])
    more = found[PAGE - 1].pk if len(found) > PAGE else None
    context = {"proposals": found[:PAGE], "more": more}
    context["is_hidden"] = not field_access.may_see(request.user, "deal", "amount")
    return render(request, "deals/proposal_list.html", context)


@require_POST
def create(request, deal_pk):
    """Draft a proposal from the deal's lines."""
    deal = fetch(Deal.objects.for_card(), request.user, deal_pk, edit=True)
    if not field_access.may_see(request.user, "deal", "amount"):
        raise PermissionDenied
    proposal = proposals.draft_proposal(deal, by=request.user)
    return htmx.redirect(request, proposal.get_absolute_url())


@require_safe
def show(request, pk):
    """The editor: lines and terms at the left, what the client sees at the right."""
    proposal = fetch(Proposal.objects.for_card(), request.user, pk)
    versions = list(proposal.versions.order_by("-number"))
    version = versions[0]
    context = {
        "proposal": proposal,
        "deal": proposal.deal,
        "version": _fresh(version),
        "versions": versions,
        "form": VersionForm(instance=version) if version.is_draft else None,
        "send": SendForm(initial={"to": proposal.deal.contact.email if proposal.deal.contact else ""}),
        "company": Workspace.get(),
        "page_url": request.build_absolute_uri(version.page_path) if version.page_path else "",
    }
    proposal.deal.can_edit = proposal.can_edit
    return render(request, "deals/proposal.html", context | lines_context(request, proposal.deal))


@require_POST
def update(request, pk):
    """Words and terms of the draft."""
    proposal = fetch(Proposal.objects.for_card(), request.user, pk, edit=True)
    version = _draft(proposal)
    if version is None:
        return htmx.redirect(request, proposal.get_absolute_url(), _("This version was sent. Make a new one."))
    form = VersionForm(request.POST, instance=version)
    if not form.is_valid():
        context = {"proposal": proposal, "form": form, "version": version}
        template = "deals/_proposal_terms.html" if request.htmx else "deals/proposal_terms.html"
        return render(request, template, context, status=422)
    form.save()
    if title := request.POST.get("title", "").strip():
        proposal.title = title[:200]
        proposal.save(update_fields=["title"])
    if not request.htmx:
        return htmx.redirect(request, proposal.get_absolute_url(), _("Saved."))
    context = {"proposal": proposal, "form": VersionForm(instance=version), "version": version, "saved": True}
    return htmx.refresh(render(request, "deals/_proposal_terms.html", context), "lines:changed")


def preview(request, pk):
    """What the client would see now."""
    proposal = fetch(Proposal.objects.for_card(), request.user, pk)
    version = _fresh(get_object_or_404(proposal.versions, pk=proposal.newest.pk))
    return render(
        request,
        "deals/_proposal_preview.html",
        {"proposal": proposal, "version": version, "company": Workspace.get(), "deal": proposal.deal},
    )


def pdf(request, pk, number):
    """The PDF of a version: the kept file of one that was sent, a fresh one of a draft."""
    proposal = fetch(Proposal.objects.for_card(), request.user, pk)
    version = get_object_or_404(proposal.versions.select_related("pdf"), number=number)
    if version.pdf:
        return HttpResponse(version.pdf.content.read(), headers=_pdf_headers(version))
    return HttpResponse(render_pdf(_fresh(version)), headers=_pdf_headers(version))


@require_POST
def send(request, pk):
    """Fix the draft and send it."""
    proposal = fetch(Proposal.objects.for_card(), request.user, pk, edit=True)
    form, version = SendForm(request.POST), _draft(proposal)
    if not form.is_valid() or version is None:
        messages.error(request, _("Write the address to which the proposal goes."))
        return htmx.redirect(request, proposal.get_absolute_url())
    site = request.build_absolute_uri("/").rstrip("/")
    try:
        proposals.send_version(version, to=form.cleaned_data["to"], by=request.user, site=site)
    except proposals.CannotSend as refusal:
        messages.error(request, str(refusal))
        return htmx.redirect(request, proposal.get_absolute_url())
    return htmx.redirect(request, proposal.get_absolute_url(), _("The proposal is on its way."))


@require_POST
def renew(request, pk):
    """Start the next version."""
    proposal = fetch(Proposal.objects.for_card(), request.user, pk, edit=True)
    proposals.start_version(proposal)
    return htmx.redirect(request, proposal.get_absolute_url(), _("Change it, then send it again."))


@require_POST
def revoke(request, pk):
    """Close the client's page."""
    proposal = fetch(Proposal.objects.for_card(), request.user, pk, edit=True)
    version = proposal.newest
    proposals.revoke(version, by=request.user)
    return htmx.redirect(request, proposal.get_absolute_url(), _("The client's page is closed."))


def _draft(proposal):
    return proposal.versions.select_related("proposal__deal").filter(status="draft").first()


def _fresh(version):
    """A draft shows the lines as they are now."""
    if version.is_draft:
        proposals.fill_from(version, version.proposal.deal)
    return version


def _pdf_headers(version):
    return {
        "Content-Type": "application/pdf",
        "Content-Disposition": f'inline; filename="{version.proposal.number}-{version.number}.pdf"',
        "X-Content-Type-Options": "nosniff",
    }
