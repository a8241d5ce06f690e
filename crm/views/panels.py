"""Blocks of a record page, each loaded by its own request."""

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render

from crm import access, audit, registry
from crm.access import fetch
from crm.models import User
from crm.reasons import explain, limited_fields, who_may_help


def show(request, subject, name, pk):
    """One block; 404 when the record or the block is not for this user, empty when there is nothing to show."""
    panel = registry.panel_named(request.user, subject, name)
    if panel is None:
        raise Http404
    if subject == "today":
        return HttpResponse(panel.render(request))
    return HttpResponse(panel.render(request, fetch(access.rows_of(subject), request.user, pk)))


def _record(request, kind, pk):
    """The visible record of a kind that roles speak of, or Http404."""
    return fetch(access.rows_of(kind), request.user, pk)


def why(request, kind, pk):
    """The rules that let somebody see and change a record: oneself, or anybody whom one administers (`user`)."""
    obj = _record(request, kind, pk)
    may_ask = access.may(request.user, "user", "edit")
    asked = request.GET.get("user", "")
    if asked and not may_ask:
        raise PermissionDenied
    person = (
        get_object_or_404(User, pk=asked if asked.isdecimal() and len(asked) < 19 else 0) if asked else request.user
    )
    context = {
        "object": obj,
        "kind": kind,
        "person": person,
        "verdicts": explain(person, obj),
        "fields": (limited := limited_fields(person, obj)),
        "helpers": who_may_help() if limited else [],
        "people": User.objects.filter(is_active=True).order_by("name")[:500] if may_ask else [],
    }
    return render(request, "crm/why.html", context)


def history(request, kind, pk):
    """Who changed which field of a record, before and after."""
    obj = _record(request, kind, pk)
    changes = audit.changes_of(obj, user=request.user)
    people = User.objects.in_bulk({change.who for change in changes if change.who})
    rows = [(change, people.get(change.who)) for change in changes]
    return render(request, "crm/history.html", {"object": obj, "kind": kind, "rows": rows})
