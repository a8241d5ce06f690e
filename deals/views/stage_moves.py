"""Moving a deal: by drag, menu, keyboard or form."""

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from crm import htmx
from crm.access import fetch
from deals.forms import StageMoveForm
from deals.models import Deal, StageGate
from deals.services import board
from deals.views.board import stages_of


@require_POST
def create(request, pk):
    """Move to a stage, or ask in place for what the stage needs (422). A card that was moved meanwhile is shown anew."""
    deal = fetch(Deal.objects.for_card(), request.user, pk, edit=True)
    form = StageMoveForm(request.POST, deal=deal, user=request.user)
    if form.stage is None:
        return HttpResponse(status=404)
    if form.data.get("was") and form.data["was"] != str(deal.stage_id) and request.htmx:
        return _answer(request, deal, _("%(deal)s was moved meanwhile.") % {"deal": deal}, level="error")
    if not form.is_valid():
        return _gate(request, deal, form)
    data, before = form.cleaned_data, deal.stage
    try:
        place = board.place_between(deal, data["stage"], data["above"], data["below"])
        deal.move_to(data["stage"], by=request.user, filling=form.filling, position=place)
    except StageGate:
        return _gate(request, deal, StageMoveForm(request.POST, deal=deal, user=request.user))
    if before == deal.stage:
        return _answer(request, deal)
    text = _("%(deal)s: %(stage)s") % {"deal": deal, "stage": deal.stage}
    return _answer(request, deal, text, undo_url=reverse("deals:stage_move_undo", args=[pk]))


@require_POST
def undo(request, pk):
    """Take the last move back, if the deal still stands where that move brought it."""
    deal = fetch(Deal.objects.for_card(), request.user, pk, edit=True)
    stay = deal.stays.filter(left_at=None).select_related("came_from").first()
    if stay is None or stay.came_from is None:
        return _answer(request, deal)
    if not deal.is_open:
        deal.reopen(by=request.user)
    else:
        deal.move_to(stay.came_from, by=request.user)
    return _answer(request, deal, _("Put back."), reload=True)


def _answer(request, deal, text="", *, level="ok", undo_url="", reload=False):
    if not request.htmx:
        wanted = request.POST.get("next", "")
        safe = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, request.is_secure())
        return htmx.redirect(request, wanted if safe else deal.get_absolute_url(), text, undo_url=undo_url)
    deal = fetch(Deal.objects.for_card(), request.user, deal.pk)
    response = render(request, "deals/_card.html", {"deal": deal, "stages": stages_of(deal.pipeline_id)})
    htmx.refresh(response, "deals:moved", deal=deal.pk, stage=deal.stage_id)
    htmx.refresh(response, "deals:reload" if reload else "deals:changed")
    return htmx.toast(response, text, level=level, undo_url=undo_url) if text else response


def _gate(request, deal, form):
    if form.missing and not form.asked:
        form = StageMoveForm(request.POST, deal=deal, user=request.user)
        form.is_bound = False
        form.initial |= {name: request.POST.get(name, "") for name in ("stage", "was", "above", "below")}
    template = "deals/_stage_gate.html" if request.htmx else "deals/stage_gate.html"
    return render(request, template, {"deal": deal, "form": form, "stage": form.stage}, status=422)
