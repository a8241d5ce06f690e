"""Settings: the rules of data quality, and how much each dimension weighs."""

from itertools import groupby

from django.db import transaction
from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from contacts.forms_quality import QualityRuleForm, QualitySettingsForm
from contacts.models import QualityRule, QualitySettings
from contacts.models.quality import Dimension, Kind
from contacts.services.quality import checks, measuring, rules, words
from crm import conditions, htmx
from crm.access import require
from crm.conditions import builder as drafts

# A live count stops there: whoever changes a rule wants to know whether it is a few, hundreds, or everybody.
COUNTED = 10_000


def index(request):
    """All rules of a kind of record by dimension."""
    require(request.user, "settings", "edit")
    subject = _subject(request)
    found = sorted(
        QualityRule.objects.filter(subject=subject).select_related("team"),
        key=lambda rule: (Dimension.values.index(rule.dimension), -rule.weight, rule.pk),
    )
    weights = QualitySettings.get().weights
    for rule in found:
        rule.says = _sentence(rule)
    groups = [
        (Dimension(name).label, weights[name], list(mine))
        for name, mine in groupby(found, key=lambda rule: rule.dimension)
    ]
    context = {"subject": subject, "kinds": Kind.choices, "groups": groups, "checks": checks.checks_of(subject)}
    return render(request, "contacts/quality_rules.html", context)


def new(request):
    """A rule by a check of the program, or by a condition of one's own."""
    require(request.user, "settings", "edit")
    subject, test = _subject(request), request.GET.get("test", "")
    check = checks.check_named(test)
    if test != QualityRule.CONDITION and (check is None or subject not in check.subjects):
        raise Http404
    rule = QualityRule(subject=subject, test=test, dimension=Dimension.CONSISTENCY)
    if check:
        rule.dimension, rule.days = check.dimension, check.days
    return _page(request, rule)


def edit(request, pk):
    require(request.user, "settings", "edit")
    return _page(request, get_object_or_404(QualityRule, pk=pk))


@require_POST
def preview(request, pk=None):
    """How many records the rule of the form on the page would find."""
    require(request.user, "settings", "edit")
    if pk:
        rule = get_object_or_404(QualityRule, pk=pk)
    else:
        rule = QualityRule(subject=_subject(request), test=request.GET.get("test", ""), dimension=Dimension.CONSISTENCY)
    form, draft = QualityRuleForm(request.POST, instance=rule), _draft(request, rule)
    error = _take_tree(rule, draft, request.user)
    count = None if error or not form.is_valid() or not rules.is_known(rule) else _count(form.save(commit=False))
    return render(request, "contacts/_quality_count.html", {"count": count, "most": COUNTED, "error": error})


def weights(request):
    """What each dimension weighs, and when a source is bad."""
    require(request.user, "settings", "edit")
    with transaction.atomic():
        form = QualitySettingsForm(request.POST or None, instance=QualitySettings.get())
        if request.method == "POST" and form.is_valid():
            form.save()
            _measure_anew(*Kind.values)
            return htmx.redirect(request, reverse("contacts:quality_rules"), _saved())
    context = {"form": form, "title": _("Weights"), "parent": (_("Data quality"), reverse("contacts:quality_rules"))}
    return render(request, "crm/settings_form.html", context, status=422 if form.errors else 200)


def _saved():
    return _("Saved. Everything is being measured anew.")


def _page(request, rule):
    form, draft, error = QualityRuleForm(request.POST or None, instance=rule), _draft(request, rule), ""
    if request.method == "POST" and "delete" in request.POST and rule.pk:
        rule.delete()
        _measure_anew(rule.subject)
        return htmx.redirect(request, _url(rule.subject), _saved())
    if request.method == "POST" and "act" in request.POST:
        drafts.act(draft, request.POST["act"])
    elif request.method == "POST":
        error = _take_tree(rule, draft, request.user)
        if form.is_valid() and not error:
            form.save()
            _measure_anew(rule.subject)
            return htmx.redirect(request, _url(rule.subject), _saved())
    check = checks.check_named(rule.test)
    context = {
        "rule": rule,
        "form": form,
        "error": error,
        "title": words.gap_of(rule) if rule.pk else check.label if check else _("A condition of your own"),
        "parent": (_("Data quality"), _url(rule.subject)),
        "named": conditions.subject_named(rule.subject),
        "builder": drafts.show(draft, rule.subject, user=request.user) if draft else None,
        "count": _count(rule)
        if request.method != "POST" and rules.is_known(rule) and (rule.pk or not form.fields.get("field"))
        else None,
        "most": COUNTED,
    }
    return render(request, "contacts/quality_rule.html", context, status=422 if error or form.errors else 200)


def _draft(request, rule):
    """The condition while it is being changed; None for a check of the program."""
    if rule.test != QualityRule.CONDITION:
        return None
    return drafts.read(request.POST, rule.subject) if request.method == "POST" else drafts.load(rule.tree)


def _take_tree(rule, draft, user):
    """Put the condition of the draft into the rule; returns what is wrong with it."""
    if draft is None:
        return ""
    try:
        tree = conditions.parse(drafts.dump(draft) if draft["nodes"] else None, rule.subject, user=user)
    except conditions.ConditionError as refusal:
        return refusal.message
    if conditions.is_empty(tree):
        return _("Say which records are wrong: add a condition.")
    rule.tree = tree
    return ""


def _count(rule):
    model = rules.MODELS[rule.subject][0]
    return rules.broken_by(rule, model.objects.order_by())[: COUNTED + 1].count()


def _measure_anew(*kinds):
    for kind in kinds:
        measuring.mark_all(kind)


def _sentence(rule):
    if rule.test != QualityRule.CONDITION:
        check = checks.check_named(rule.test)
        return str(check.label) if check else ""
    if not rules.is_known(rule):
        return _("Asks for something that is not there any more: change the condition.")
    return conditions.sentence(rule.tree, rule.subject)


def _subject(request):
    subject = request.GET.get("of", Kind.CONTACT)
    if subject not in Kind.values:
        raise Http404
    return subject


def _url(subject):
    return f"{reverse('contacts:quality_rules')}?of={subject}"
