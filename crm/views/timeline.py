"""Pages of a record's timeline."""

from django.core.exceptions import BadRequest
from django.http import Http404
from django.shortcuts import render

from crm import access, timeline


def show(request, kind, pk):
    """Older entries, or those of one group. The first page stands in the record's page itself."""
    try:
        model = access.kind_named(kind).model
    except KeyError:
        raise Http404
    if model is None or not hasattr(model.objects, "visible_to"):
        raise Http404
    obj = access.fetch(model.objects.all(), request.user, pk)
    return render(request, "components/timeline_items.html", context(request, kind, obj))


def context(request, kind, obj):
    """What the timeline's template needs for a record. A tampered key is a bad request."""
    group = request.GET.get("group", "")
    try:
        entries, more = timeline.page(
            timeline.stream_of(obj), request.user, group=group, before=request.GET.get("before", "")
        )
    except (ValueError, OverflowError):
        raise BadRequest
    return {"entries": entries, "more": more, "group": group, "timeline_kind": kind, "timeline_pk": obj.pk}
