"""Tying records to others from either side's page."""

from django.core.exceptions import BadRequest
from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from crm import htmx, registry
from crm.access import fetch
from crm.models import ObjectRecord
from crm.objects import relations, ties
from crm.picking import find_in
from crm.views.objects import kind_or_404


@require_POST
def create(request, code, pk, name):
    """Tie a record to the one that was named."""
    kind, relation = _relation(code, name)
    record = fetch(ObjectRecord.objects.of(kind), request.user, pk, edit=True)
    target = relations.target_named(relation.target)
    try:
        other = find_in(target.rows().visible_to(request.user), _typed(request, name))
        ties.tie(relation, record, other, by=request.user)
    except ValueError as refusal:
        return _refused(request, record, str(refusal))
    return _answer(request, kind.subject, relation.name, record, _("Linked."))


@require_POST
def create_back(request, code, name, pk):
    """The same from the page of the other one (`pk`): the record that was named is tied to it."""
    kind, relation = _relation(code, name)
    target = relations.target_named(relation.target)
    here = fetch(target.rows(), request.user, pk)
    try:
        record = find_in(ObjectRecord.objects.of(kind).editable_by(request.user), _typed(request, name))
        ties.tie(relation, record, here, by=request.user)
    except ValueError as refusal:
        return _refused(request, here, str(refusal))
    return _answer(request, relation.target, f"back_{relation.pk}", here, _("Linked."))


@require_POST
def destroy(request, code, pk, name, other_pk):
    """Take a tie away; with `back` the page is that of the other one."""
    kind, relation = _relation(code, name)
    record = fetch(ObjectRecord.objects.of(kind), request.user, pk, edit=True)
    target = relations.target_named(relation.target)
    other = fetch(target.rows(), request.user, other_pk)
    try:
        ties.untie(relation, record, other, by=request.user)
    except ties.TieRefused as refusal:
        return _refused(request, other if "back" in request.POST else record, str(refusal))
    if "back" in request.POST:
        return _answer(request, relation.target, f"back_{relation.pk}", other, _("Link taken away."))
    return _answer(request, kind.subject, relation.name, record, _("Link taken away."))


def _relation(code, name):
    kind = kind_or_404(code)
    relation = relations.relation_named(kind, name)
    if relation is None:
        raise Http404
    return kind, relation


def _typed(request, name):
    text = request.POST.get(name, "").strip()
    if not text:
        raise BadRequest(_("Choose a record first."))
    return text


def _refused(request, here, text):
    if not request.htmx:
        return htmx.redirect(request, here.get_absolute_url(), text)
    return htmx.toast(HttpResponse(status=204), text, level="error")


def _answer(request, subject, name, here, said):
    """The block as it is now."""
    if not request.htmx:
        return htmx.redirect(request, here.get_absolute_url(), said)
    panel = registry.panel_named(request.user, subject, name)
    page = HttpResponse(panel.render(request, here) if panel else "")
    return htmx.toast(htmx.refresh(page, "timeline:changed"), said)
