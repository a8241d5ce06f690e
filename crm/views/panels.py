"""Blocks of a record page, each loaded by its own request."""

from django.http import Http404, HttpResponse
from django.shortcuts import render

from crm import access, audit, registry
from crm.access import fetch
from crm.models import User


def show(request, subject, name, pk):
    """One block; 404 when the record or the block is not for this user, empty when there is nothing to show."""
    panel = registry.panel_named(request.user, subject, name)
    if panel is None:
        raise Http404
    if subject == "today":
        return HttpResponse(panel.render(request))
    model = access.kind_named(subject).model
    return HttpResponse(panel.render(request, fetch(model.objects.all(), request.user, pk)))


def history(request, kind, pk):
    """Who changed which field of a record, before and after."""
    try:
        model = access.kind_named(kind).model
    except KeyError:
        raise Http404
    if model is None or not hasattr(model.objects, "visible_to"):
        raise Http404
    obj = fetch(model.objects.all(), request.user, pk)
    changes = audit.changes_of(obj)
    people = User.objects.in_bulk({change.who for change in changes if change.who})
    rows = [(change, people.get(change.who)) for change in changes]
    return render(request, "crm/history.html", {"object": obj, "rows": rows})
