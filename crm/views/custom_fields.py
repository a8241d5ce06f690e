"""Settings: which fields the company adds to its records."""

from django.db import transaction
from django.db.models import F, Max
from django.http import Http404, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from crm import conditions, custom, htmx
from crm.access import require
from crm.conditions import builder as drafts
from crm.custom import indexes, kinds, rules
from crm.custom.definition_forms import FieldForm
from crm.models import CustomField


def index(request):
    """The fields of one kind of record: those in use, and the retired ones below."""
    require(request.user, "settings", "edit")
    target = custom.target_of(request.GET.get("of", "")) or custom.targets()[0]
    fields = custom.all_fields(target.subject)
    context = {
        "target": target,
        "targets": custom.targets(),
        "live": [f for f in fields if not f.is_retired],
        "retired": [f for f in fields if f.is_retired],
    }
    return render(request, "crm/custom_fields.html", context)


def new(request, subject):
    require(request.user, "settings", "edit")
    target = custom.target_of(subject)
    if target is None:
        raise Http404
    kind = request.POST.get("kind") or request.GET.get("kind", "")
    if kind not in CustomField.Kind.values:
        context = {"target": target, "kinds": CustomField.Kind.choices}
        return render(request, "crm/custom_kinds.html", context, status=422 if request.method == "POST" else 200)
    last = CustomField.objects.filter(subject=subject).aggregate(last=Max("position"))["last"] or 0
    form = FieldForm(request.POST or None, instance=CustomField(subject=subject, kind=kind, position=last + 1))
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            field = form.save()
            indexes.keep(field, by=request.user)
        return htmx.redirect(request, _index_url(subject), _("The field is there: on the pages, in lists and filters."))
    return _form(request, target, form)


def edit(request, pk):
    """Names, help, choices, rights of a field. Whoever saves an outdated form is told, and nothing is lost."""
    require(request.user, "settings", "edit")
    field = get_object_or_404(CustomField, pk=pk)
    form = FieldForm(request.POST or None, instance=field)
    if request.method == "POST" and form.is_valid():
        version = request.POST.get("version", "")
        with transaction.atomic():
            now = CustomField.objects.select_for_update().get(pk=pk)
            if version != str(now.version):
                form.add_error(
                    None, _("Somebody else has changed this field. Compare, then save again to write yours.")
                )
                form.instance.version = now.version
            else:
                field.version = now.version + 1
                form.save()
                indexes.keep(field, by=request.user)
        if not form.errors:
            if form.moved:
                job = kinds.start_moving_choices(field, form.moved, by=request.user)
                return htmx.redirect(request, job.get_absolute_url(), _("Saved. The values are being moved."))
            return htmx.redirect(request, _index_url(field.subject), _("Saved."))
    return _form(request, custom.target_of(field.subject), form)


@require_POST
def move(request, pk):
    """One place up or down among the fields in use."""
    require(request.user, "settings", "edit")
    field = get_object_or_404(CustomField, pk=pk)
    with transaction.atomic():
        rows = list(CustomField.objects.select_for_update().filter(subject=field.subject, retired_at=None))
        at = next((i for i, row in enumerate(rows) if row.pk == pk), None)
        other = None if at is None else at + (-1 if request.POST.get("to") == "up" else 1)
        if other is not None and 0 <= other < len(rows):
            rows[at], rows[other] = rows[other], rows[at]
            for place, row in enumerate(rows, 1):
                if row.position != place:
                    row.position = place
                    row.save(update_fields=["position"])
    return htmx.redirect(request, _index_url(field.subject))


@require_POST
def retire(request, pk):
    """Hide a field everywhere. Its values stay, and come back with it."""
    require(request.user, "settings", "edit")
    field = get_object_or_404(CustomField, pk=pk)
    CustomField.objects.filter(pk=pk, retired_at=None).update(retired_at=timezone.now(), version=F("version") + 1)
    indexes.keep(CustomField.objects.get(pk=pk), by=request.user)
    text = _("“%(field)s” is retired. Its values are kept.") % {"field": field.label}
    undo = reverse("custom_field_restore", args=[pk])
    return htmx.redirect(request, _index_url(field.subject), text, undo_url=undo)


@require_POST
def restore(request, pk):
    """Bring a retired field back with its values."""
    require(request.user, "settings", "edit")
    field = get_object_or_404(CustomField, pk=pk)
    CustomField.objects.filter(pk=pk).update(retired_at=None, version=F("version") + 1)
    indexes.keep(CustomField.objects.get(pk=pk), by=request.user)
    return htmx.redirect(request, _index_url(field.subject), _("“%(field)s” is back.") % {"field": field.label})


@require_POST
def build_index(request, pk):
    """Try again after an index has failed."""
    require(request.user, "settings", "edit")
    field = get_object_or_404(CustomField, pk=pk)
    indexes.keep(field, by=request.user)
    return htmx.redirect(request, _index_url(field.subject))


def change_kind(request, pk):
    """Another kind, where every value survives it: first what would happen, then a job."""
    require(request.user, "settings", "edit")
    field = get_object_or_404(CustomField, pk=pk)
    target = custom.target_of(field.subject)
    wanted = request.POST.get("kind") or request.GET.get("kind", "")
    context = {"field": field, "target": target, "options": kinds.options_of(field), "wanted": wanted}
    if wanted:
        if wanted not in dict(context["options"]):
            return HttpResponseBadRequest(_("This kind cannot be chosen."))
        context["preview"] = kinds.preview(field, wanted)
    if request.method == "POST" and context.get("preview") and not context["preview"].refused:
        job = kinds.start(field, wanted, by=request.user)
        return htmx.redirect(request, job.get_absolute_url())
    return render(request, "crm/custom_kind.html", context, status=422 if request.method == "POST" else 200)


def rule(request, pk, rule):
    """When a field is shown, required or locked: a condition about the record."""
    require(request.user, "settings", "edit")
    field = get_object_or_404(CustomField, pk=pk)
    if rule not in rules.NAMES:
        raise Http404
    named = conditions.subject_named(field.subject)
    draft = drafts.read(request.POST, field.subject) if request.method == "POST" else drafts.load(field.rules.get(rule))
    error = ""
    if request.method == "POST" and "act" in request.POST:
        drafts.act(draft, request.POST["act"])
    elif request.method == "POST":
        try:
            tree = rules.parse(drafts.dump(draft) if draft["nodes"] else None, field.subject, user=request.user)
            if field.name in rules.names_in(tree):
                raise conditions.ConditionError(_("A rule of a field cannot ask about the field itself."))
        except conditions.ConditionError as refusal:
            error = refusal.message
        else:
            _keep_rule(pk, rule, tree)
            return htmx.redirect(request, reverse("custom_field_edit", args=[pk]), _("The rule counts from now on."))
    context = {
        "field": field,
        "rule": rule,
        "target": custom.target_of(field.subject),
        "named": named,
        "builder": drafts.show(draft, field.subject, user=request.user),
        "error": error,
    }
    return render(request, "crm/custom_rule.html", context, status=422 if error else 200)


@transaction.atomic
def _keep_rule(pk, rule, tree):
    field = CustomField.objects.select_for_update().get(pk=pk)
    kept = {name: value for name, value in field.rules.items() if name != rule}
    field.rules = kept if conditions.is_empty(tree) else kept | {rule: tree}
    field.version += 1
    field.save(update_fields=["rules", "version"])


def _index_url(subject):
    return f"{reverse('custom_fields')}?of={subject}"


def _form(request, target, form):
    context = {"form": form, "target": target, "field": form.instance if form.instance.pk else None}
    if form.instance.pk:
        context["rules"] = _rules_of(form.instance)
    return render(request, "crm/custom_field_form.html", context, status=422 if form.errors else 200)


def _rules_of(field):
    """(name, what it does, its condition in words or "") of each rule."""
    says = {
        rules.SHOW: _("Shown only when"),
        rules.REQUIRE: _("Must be filled in when"),
        rules.LOCK: _("Locked when"),
    }
    return [
        (name, text, conditions.sentence(field.rules[name], field.subject) if name in field.rules else "")
        for name, text in says.items()
        if not (field.kind == CustomField.Kind.FORMULA and name != rules.SHOW)
    ]
