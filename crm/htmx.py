"""Answers for htmx: which regions are stale, what to say, where to go."""

import json

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect


def refresh(response, *regions, **details):
    """Name the regions that are now stale: each becomes an event on the page's body."""
    return _trigger(response, dict.fromkeys(regions, details or True))


def toast(response, text, *, level="ok", undo_url=""):
    """Say something at the bottom of the page; with `undo_url` a button posts there within ten seconds."""
    return _trigger(response, {"toast": {"text": str(text), "level": level, "undo": undo_url}})


def redirect(request, url, text="", *, undo_url=""):
    """Go to `url` with htmx or without it. `text` is shown as a toast on the next page."""
    if text:
        messages.success(request, text, extra_tags=f"undo:{undo_url}" if undo_url else "")
    if request.htmx:
        return HttpResponse(headers={"HX-Redirect": url})
    return HttpResponseRedirect(url)


def _trigger(response, events):
    before = json.loads(response.headers.get("HX-Trigger", "{}"))
    response.headers["HX-Trigger"] = json.dumps(before | events)
    return response
