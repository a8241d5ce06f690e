"""Guides, scores and outgoing letters."""

from django.db.models import Q
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from campaigns.forms import GuideEditForm, HandOffForm, ScoreRuleForm
from campaigns.models import GuideForm, HandOffRule, ScoreRule
from crm import htmx
from crm.access import fetch, require
from crm.models import Delivery

PAGE = 100


def guides(request):
    require(request.user, "sequence")
    return render(request, "campaigns/guide_list.html", {"rows": GuideForm.objects.all()})


def guide(request, pk=None):
    require(request.user, "sequence", "edit")
    row = get_object_or_404(GuideForm, pk=pk) if pk else GuideForm(language=request.user.language)
    form = GuideEditForm(request.POST or None, instance=row)
    return _form(request, form, row.title or _("New guide"), "campaigns:guides", _("Guides"))


def scores(request):
    """The rules by which interest is counted, and the hand-off."""
    require(request.user, "sequence")
    context = {"rules": ScoreRule.objects.all(), "rule": HandOffRule.objects.first()}
    return render(request, "campaigns/score_list.html", context)


def score(request, pk):
    require(request.user, "sequence", "edit")
    row = get_object_or_404(ScoreRule, pk=pk)
    return _form(request, ScoreRuleForm(request.POST or None, instance=row), row.label, "campaigns:scores", _("Scores"))


def handoff(request):
    require(request.user, "sequence", "edit")
    row = HandOffRule.objects.first() or HandOffRule()
    return _form(
        request, HandOffForm(request.POST or None, instance=row), _("Hand-off"), "campaigns:scores", _("Scores")
    )


def deliveries(request):
    """Outgoing letters, those first that a person should look at."""
    rows = Delivery.objects.visible_to(request.user)
    state = request.GET.get("state", "")
    if state in Delivery.State.values:
        rows = rows.filter(state=state)
    text = request.GET.get("q", "").strip()[:100]
    if text:
        rows = rows.filter(Q(to__icontains=text) | Q(subject__icontains=text))
    require(request.user, "sequence" if request.user.level("sequence") else "settings")
    context = {"rows": rows.order_by("-pk")[:PAGE], "states": Delivery.State.choices, "state": state, "text": text}
    return render(request, "campaigns/delivery_list.html", context)


@require_POST
def delivery_again(request, pk):
    """Send a letter once more, on a person's word that it did not arrive."""
    row = fetch(Delivery.objects.all(), request.user, pk, edit=True)
    if row.may_retry:
        Delivery.objects.filter(pk=row.pk, state=row.state).update(
            state=Delivery.State.QUEUED,
            due_at=timezone.now(),
            reason="",
            reply="",
            attempts=0,
            reported_at=None,
            settled_at=None,
        )
    return htmx.redirect(request, reverse("campaigns:deliveries"), _("It is in the queue again."))


@require_POST
def delivery_sent(request, pk):
    """Note that a letter of unknown fate did arrive."""
    row = fetch(Delivery.objects.all(), request.user, pk, edit=True)
    Delivery.objects.filter(pk=row.pk, state=Delivery.State.UNKNOWN).update(
        state=Delivery.State.SENT, settled_at=timezone.now(), reported_at=None
    )
    return htmx.redirect(request, reverse("campaigns:deliveries"), _("Noted as sent."))


def _form(request, form, title, list_url, list_name):
    if request.method == "POST" and form.is_valid():
        form.save()
        return htmx.redirect(request, reverse(list_url), _("Saved."))
    context = {"form": form, "title": title, "parent": (list_name, reverse(list_url))}
    return render(request, "campaigns/form.html", context, status=422 if form.errors else 200)
