"""Settings: which kinds of record the company has of its own, and what they are related to."""

from django.db import transaction
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from crm import custom, htmx
from crm.access import require
from crm.models import ObjectKind, ObjectRelation
from crm.objects import kind_acts
from crm.objects.kind_forms import KindForm, RelationForm
from crm.objects.relations import links_of, target_named


def index(request):
    """The kinds in use, and the retired ones below."""
    require(request.user, "settings", "edit")
    kinds = ObjectKind.everything()
    counts = kind_acts.counts()
    fields = {kind.pk: len([f for f in custom.all_fields(kind.subject) if not f.is_retired]) for kind in kinds}
    rows = [(kind, counts.get(kind.pk, 0), fields[kind.pk]) for kind in kinds]
    context = {
        "live": [row for row in rows if not row[0].is_retired],
        "retired": [row for row in rows if row[0].is_retired],
    }
    return render(request, "crm/objects/kinds.html", context)


def new(request):
    require(request.user, "settings", "edit")
    form = KindForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        kind = kind_acts.create_kind(form.instance, like=form.cleaned_data["like"])
        text = _("“%(kind)s” is there. Give it fields and relations.") % {"kind": kind.plural}
        return htmx.redirect(request, _kind_url(kind), text)
    return _form(request, form)


def edit(request, pk):
    """Names, icon, how records are called; below, its fields and relations."""
    require(request.user, "settings", "edit")
    kind = get_object_or_404(ObjectKind, pk=pk)
    form = KindForm(request.POST or None, instance=kind)
    if request.method == "POST" and form.is_valid():
        kept, job = kind_acts.change_kind(form.instance, request.POST.get("version", ""), by=request.user)
        if kept:
            url = job.get_absolute_url() if job else reverse("object_kinds")
            return htmx.redirect(request, url, _("Saved."))
        form.add_error(None, _("Somebody else has changed this kind. Compare, then save again to write yours."))
    return _form(request, form)


def _form(request, form):
    kind = form.instance if form.instance.pk else None
    context = {"form": form, "kind": kind}
    if kind:
        context["fields"] = [f for f in custom.all_fields(kind.subject) if not f.is_retired]
        rows = [(relation, target_named(relation.target)) for relation in kind.relations.all()]
        context["relations"] = [row for row in rows if not row[0].is_retired]
        context["retired_relations"] = [row for row in rows if row[0].is_retired]
    return render(request, "crm/objects/kind.html", context, status=422 if form.errors else 200)


@require_POST
def move(request, pk):
    """One place up or down among the kinds in use."""
    require(request.user, "settings", "edit")
    with transaction.atomic():
        rows = list(ObjectKind.objects.select_for_update().filter(retired_at=None))
        at = next((i for i, row in enumerate(rows) if row.pk == pk), None)
        other = None if at is None else at + (-1 if request.POST.get("to") == "up" else 1)
        if other is not None and 0 <= other < len(rows):
            rows[at], rows[other] = rows[other], rows[at]
            for place, row in enumerate(rows, 1):
                if row.position != place:
                    row.position = place
                    row.save(update_fields=["position"])
    return htmx.redirect(request, reverse("object_kinds"))


@require_POST
def retire(request, pk):
    """Hide a kind everywhere. Its records stay, and come back with it."""
    require(request.user, "settings", "edit")
    kind = get_object_or_404(ObjectKind, pk=pk)
    kind_acts.retire(kind)
    text = _("“%(kind)s” is retired. Its records are kept.") % {"kind": kind.plural}
    return htmx.redirect(
        request, reverse("object_kinds"), text, undo_url=reverse("object_kind_restore", args=[kind.pk])
    )


@require_POST
def restore(request, pk):
    require(request.user, "settings", "edit")
    kind = get_object_or_404(ObjectKind, pk=pk)
    kind_acts.restore(kind)
    return htmx.redirect(request, reverse("object_kinds"), _("“%(kind)s” is back.") % {"kind": kind.plural})


def destroy(request, pk):
    """Delete a kind for ever: its name must be typed while it has records."""
    require(request.user, "settings", "edit")
    kind = get_object_or_404(ObjectKind, pk=pk)
    count = kind_acts.counts().get(pk, 0)
    error = ""
    if request.method == "POST":
        if not count or request.POST.get("typed", "").strip().casefold() == kind.plural.casefold():
            job = kind_acts.start_deleting(kind, by=request.user)
            return htmx.redirect(request, job.get_absolute_url())
        error = _("Type “%(name)s”, or leave it as it is.") % {"name": kind.plural}
    context = {"kind": kind, "count": count, "error": error, "typed": request.POST.get("typed", "")}
    return render(request, "crm/objects/kind_delete.html", context, status=422 if error else 200)


def relation_new(request, pk):
    require(request.user, "settings", "edit")
    kind = get_object_or_404(ObjectKind, pk=pk)
    last = kind.relations.order_by("-position").values_list("position", flat=True).first() or 0
    form = RelationForm(request.POST or None, instance=ObjectRelation(kind=kind, position=last + 1))
    if request.method == "POST" and form.is_valid():
        form.save()
        return htmx.redirect(request, _kind_url(kind), _("The relation is there: on the pages of both sides."))
    return _relation_form(request, kind, form)


def relation_edit(request, pk, relation_pk):
    require(request.user, "settings", "edit")
    relation = get_object_or_404(ObjectRelation.objects.select_related("kind"), pk=relation_pk, kind=pk)
    with transaction.atomic():
        form = RelationForm(request.POST or None, instance=relation)
        if request.method == "POST" and form.is_valid():
            form.save()
            links_of(relation).exclude(is_single=relation.is_single).update(is_single=relation.is_single)
            return htmx.redirect(request, _kind_url(relation.kind), _("Saved."))
    return _relation_form(request, relation.kind, form)


def _relation_form(request, kind, form):
    relation = form.instance if form.instance.pk else None
    context = {"form": form, "kind": kind, "relation": relation}
    if relation:
        context["target"] = target_named(relation.target)
    return render(request, "crm/objects/relation_form.html", context, status=422 if form.errors else 200)


@require_POST
def relation_retire(request, pk, relation_pk):
    """Hide a relation, or with `back` show it again. The ties stay."""
    require(request.user, "settings", "edit")
    relation = get_object_or_404(ObjectRelation.objects.select_related("kind"), pk=relation_pk, kind=pk)
    relation.retired_at = None if "back" in request.POST else timezone.now()
    relation.save(update_fields=["retired_at"])
    said = _("“%(name)s” is back.") if "back" in request.POST else _("“%(name)s” is retired. The ties are kept.")
    return htmx.redirect(request, _kind_url(relation.kind), said % {"name": relation.label})


def _kind_url(kind):
    return reverse("object_kind_edit", args=[kind.pk])
