"""Settings: how long anything is kept. A rule is tried first and switched on apart."""

from django.db import transaction
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from contacts.forms_privacy import RetentionRuleForm
from contacts.models import Contact, RetentionRule
from contacts.services.privacy import retention
from crm import conditions, htmx, jobs
from crm.access import require
from crm.conditions.widgets import dump


def index(request):
    _require(request.user)
    rows = [(rule, _sentence(rule, request.user), rule.runs.first()) for rule in RetentionRule.objects.all()]
    return render(request, "contacts/retention_list.html", {"rows": rows})


@transaction.atomic
def edit(request, pk=None):
    _require(request.user)
    rule = get_object_or_404(RetentionRule, pk=pk) if pk else RetentionRule()
    if request.method == "POST" and "delete" in request.POST and pk:
        rule.delete()
        return htmx.redirect(request, reverse("contacts:retention"), _("The rule is gone."))
    f = request.POST.get("f") or request.GET.get("f") or (dump(rule.tree) if rule.tree else "")
    form = RetentionRuleForm(request.POST or None, instance=rule, user=request.user, initial={"f": f})
    if request.method == "POST" and form.is_valid():
        rule = form.save()
        return htmx.redirect(request, rule.get_absolute_url(), _("Saved. Try it, then switch it on."))
    return _page(request, rule, form, f, status=422 if form.errors else 200)


def _page(request, rule, form=None, f=None, status=200):
    f = dump(rule.tree) if f is None and rule.tree else f or ""
    context = {
        "rule": rule,
        "form": form or RetentionRuleForm(instance=rule, user=request.user, initial={"f": f}),
        "f": f,
        # A trial is shown at an address of its own; the form belongs to the rule.
        "form_url": rule.get_absolute_url() if rule.pk else reverse("contacts:retention_new"),
        "sentence": _words(f, request.user),
        "runs": _runs(rule, request.user),
        **_trial(rule, request.user),
    }
    return render(request, "contacts/retention.html", context, status=status)


def _trial(rule, user):
    """The newest trial of the rule as it stands, or the job that is at it."""
    job = retention.last_trial(rule, user) if rule.pk else None
    if job is None:
        return {}
    if job.state != job.State.DONE:
        return {"job": job, "job_label": jobs.kind_named(job.kind).label}
    sample = Contact.objects.visible_to(user).filter(pk__in=job.result["sample"]).order_by("pk")
    return {"trial": rule.runs.filter(pk=job.result["run"]).first(), "sample": sample}


def _runs(rule, user):
    """The last runs, each with [(person or None when they are gone or not to be seen, why they were left)]."""
    runs = list(rule.runs.all()[:20]) if rule.pk else []
    people = Contact.objects.visible_to(user).in_bulk([pk for run in runs for pk, _why in run.left])
    for run in runs:
        run.who_stayed = [(people.get(pk), retention.REASONS[why]) for pk, why in run.left]
    return runs


@require_POST
def trial(request, pk):
    """What the rule would do today: a job, for everybody is looked at. Nothing is done."""
    _require(request.user)
    rule = get_object_or_404(RetentionRule, pk=pk)
    retention.start_trial(rule, by=request.user)
    return htmx.redirect(request, rule.get_absolute_url())


@require_POST
def switch(request, pk):
    """On or off. It goes on only after a trial of the rule as it stands."""
    _require(request.user)
    rule = get_object_or_404(RetentionRule, pk=pk)
    if not rule.is_on and not rule.runs.filter(is_trial=True).exists():
        return htmx.redirect(request, rule.get_absolute_url(), _("Try the rule first: see what it would do."))
    rule.is_on = not rule.is_on
    rule.save(update_fields=["is_on"])
    told = _("The rule is on: it begins tonight.") if rule.is_on else _("The rule is off.")
    return htmx.redirect(request, rule.get_absolute_url(), told)


def _require(user):
    require(user, "settings", "edit")
    require(user, "privacy", "delete")


def _sentence(rule, user):
    return _words(dump(rule.tree) if rule.tree else "", user)


def _words(text, user):
    try:
        tree = conditions.parse_text(text, "contact", user=user)
        return "" if conditions.is_empty(tree) else conditions.sentence(tree, "contact", user=user)
    except conditions.ConditionError as error:
        return error.message
