"""Guides, scores and outgoing letters."""

from django.db import transaction
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from campaigns.forms import GuideEditForm, HandOffForm, ScoreRuleForm
from campaigns.lists import LetterList, again, arrived
from campaigns.models import GuideForm, HandOffRule, ScoreRule
from crm import htmx, lists
from crm.access import fetch, require
from crm.lists.bulk import locked
from crm.models import Delivery


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
    """Outgoing letters with their fate."""
    return lists.index(request, LetterList)


@require_POST
@transaction.atomic
def delivery_again(request, pk):
    """Send a letter once more, on a person's word that it did not arrive."""
    again(LetterList(), [_held(request, pk)], {}, request.user)
    return htmx.redirect(request, reverse("campaigns:deliveries"), _("It is in the queue again."))


@require_POST
@transaction.atomic
def delivery_sent(request, pk):
    """Note that a letter of unknown fate did arrive."""
    arrived(LetterList(), [_held(request, pk)], {}, request.user)
    return htmx.redirect(request, reverse("campaigns:deliveries"), _("Noted as sent."))


def _held(request, pk):
    """The letter, held until the request is over."""
    fetch(Delivery.objects.all(), request.user, pk, edit=True)
    return locked(LetterList(), Delivery.objects.filter(pk=pk))[0]


def _form(request, form, title, list_url, list_name):
    if request.method == "POST" and form.is_valid():
        form.save()
        return htmx.redirect(request, reverse(list_url), _("Saved."))
    context = {"form": form, "title": title, "parent": (list_name, reverse(list_url))}
    return render(request, "campaigns/form.html", context, status=422 if form.errors else 200)
