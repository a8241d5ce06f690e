"""“Fix the next 20”: a round through the queue of gaps by keyboard or by touch."""

from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from contacts.models import FixRun, QualityRule
from contacts.models.quality import Kind
from contacts.services.quality import fixing
from contacts.services.quality.lines import lines_of
from contacts.services.quality.rules import may_know
from crm import htmx
from crm.access import require
from crm.sight import seen_by

VERBS = {"skip": fixing.skip, "undo": fixing.undo, "finish": fixing.finish}


@require_POST
def create(request):
    """Begin a round, through the records with one gap when it is named."""
    subject = request.POST.get("of", Kind.CONTACT)
    if subject not in Kind.values:
        raise Http404
    require(request.user, subject, "edit")
    gap = request.POST.get("gap", "")
    rule = get_object_or_404(QualityRule, pk=gap, subject=subject) if gap.isdecimal() else None
    if rule and not may_know(request.user, rule):
        raise Http404
    run = fixing.begin(request.user, subject, rule=rule)
    return htmx.redirect(request, reverse("contacts:fix_show", args=[run.pk]))


def show(request, pk):
    return _page(request, _mine(request, pk))


@require_POST
def act(request, pk):
    """Accept, skip, take back or end; the next record follows."""
    run, did = _mine(request, pk), request.POST.get("did", "accept")
    typed = {key[2:]: value for key, value in request.POST.items() if key.startswith("f-")}
    was = {key[4:]: value for key, value in request.POST.items() if key.startswith("was-")}
    if did not in {"accept", *VERBS}:
        raise Http404
    try:
        if did != "accept":
            run = VERBS[did](run)
        elif request.POST.get("record") == str(run.current):
            run = fixing.accept(run, typed, was)
        else:
            raise fixing.FixRefused(_("This record is done already."))
    except fixing.FixRefused as refusal:
        run.refresh_from_db()
        return _page(request, run, said=str(refusal))
    except fixing.Clash as clash:
        return _page(request, run, typed=typed, clash=clash.found, status=422)
    except fixing.Wrong as wrong:
        return _page(request, run, typed=typed, wrong=wrong.found, status=422)
    return _page(request, run)


def _page(request, run, *, typed=None, wrong=None, clash=None, said="", status=200):
    """The record in hand, with what was typed when it could not be kept."""
    record = fixing.current(run)
    context = {"run": run, "record": record, "kind": run.subject, "said": said}
    if record:
        # Also after an act: nothing is proposed out of a field that is hidden from this person.
        with seen_by(request.user):
            lines, elsewhere = lines_of(record, request.user)
        for line in lines:
            line.value = (typed or {}).get(line.name, line.value)
            line.error = (wrong or {}).get(line.name, "")
            if line.name in (clash or {}):
                line.error = _("Somebody changed this to “%(value)s” meanwhile.") % {"value": clash[line.name]}
        context |= {"lines": lines, "elsewhere": elsewhere}
    template = "contacts/_fix.html" if request.htmx else "contacts/fix.html"
    return render(request, template, context, status=status)


def _mine(request, pk):
    return get_object_or_404(FixRun.objects.select_related("by", "rule"), pk=pk, by=request.user)
