"""The client's page of a proposal: read, accept, decline. Open to whoever has its address."""

from functools import wraps

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from crm.access import public
from crm.models import Workspace
from deals.forms_proposals import AcceptForm, DeclineForm
from deals.services import proposals

# Programs that open addresses on their own: mail scanners, messengers that show previews.
ROBOTS = ("bot", "crawl", "spider", "preview", "scan", "facebookexternalhit", "whatsapp", "slack", "telegram", "curl")


def of_token(view):
    """Give the view the version instead of its token, in the version's language; unknown and closed ones are 404."""

    @public
    @never_cache
    @wraps(view)
    def inner(request, token):
        version = _version(token)
        with translation.override(version.language):
            response = view(request, version)
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
        return response

    return inner


@of_token
def show(request, version):
    """The offer. A person's look is noted in the stream; robots and prefetching are not looks."""
    if _is_look(request, version):
        proposals.note_view(version)
    return _page(request, version)


@of_token
def pdf(request, version):
    if version.pdf is None:
        raise Http404
    name = f"{version.proposal.number}-{version.number}.pdf"
    headers = {"Content-Type": "application/pdf", "Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(version.pdf.content.read(), headers=headers)


@require_POST
@of_token
def accept(request, version):
    form = AcceptForm(request.POST)
    if not form.is_valid():
        return _page(request, version, accept=form, status=422)
    proposals.accept(
        version,
        name=form.cleaned_data["name"],
        email=form.cleaned_data["email"],
        address=request.META.get("REMOTE_ADDR"),
        agent=request.META.get("HTTP_USER_AGENT", ""),
    )
    return redirect(version.page_path)


@require_POST
@of_token
def decline(request, version):
    form = DeclineForm(request.POST)
    if not form.is_valid():
        return _page(request, version, decline=form, status=422)
    proposals.decline(version, reason=form.cleaned_data["reason"])
    return redirect(version.page_path)


def _version(token):
    version = proposals.version_of(token)
    if version is None:
        raise Http404
    return version


def _is_look(request, version):
    agent = request.META.get("HTTP_USER_AGENT", "").casefold()
    prefetch = request.headers.get("Sec-Purpose", request.headers.get("Purpose", ""))
    ours = request.user.is_authenticated
    robot = not agent or any(word in agent for word in ROBOTS)
    return request.method == "GET" and not (ours or robot or "prefetch" in prefetch)


def _page(request, version, *, accept=None, decline=None, status=200):
    context = {
        "version": version,
        "proposal": version.proposal,
        "deal": version.proposal.deal,
        "company": Workspace.get(),
        "accept": accept or AcceptForm(),
        "decline": decline or DeclineForm(),
        "declining": decline is not None,
        "acceptance": getattr(version, "acceptance", None),
        "token": version.token,
    }
    return render(request, "deals/offer.html", context, status=status)
