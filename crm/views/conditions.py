"""Changing a filter: one condition of the bar, or the whole tree in the builder."""

import json
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.core.exceptions import BadRequest
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from django.views.decorators.vary import vary_on_headers

from crm import access, conditions, htmx
from crm.conditions import builder as drafts
from crm.conditions.widgets import dump, menu, replaced


def _subject(request, name):
    named = conditions.subject_named(name) if ":" not in name else None
    if named is None:
        raise Http404
    if named.access_kind:
        access.require(request.user, named.access_kind)
    return named


@vary_on_headers("HX-Request")
def token(request, subject):
    """One condition of a filter bar (`i` is its place, "new" or "all"), in a popover or as a page.

    When it is complete, goes `back` to the list with the changed filter.
    """
    named = _subject(request, subject)
    tree = _tree(request, subject)
    place = _place(request, tree)
    back = _back(request)
    if place == "new" and request.method == "GET" and "what" not in request.GET:
        context = {"menu": menu(subject, user=request.user), "here": request.get_full_path(), "named": named}
        return _answer(request, "menu", context)
    draft = _draft(request, subject, tree, place)
    if request.method == "POST" and "go" in request.POST:
        try:
            found = conditions.parse(drafts.dump(draft), subject, user=request.user)
        except conditions.ConditionError as error:
            return _show(request, named, draft, place, back, error.message, status=422)
        return _go(request, back, _merged(tree, place, found))
    return _show(request, named, draft, place, back)


def _draft(request, subject, tree, place):
    if request.method == "POST":
        draft = drafts.read(request.POST, subject)
        drafts.act(draft, request.POST.get("act", ""))
        return draft
    if place == "all":
        return drafts.load(tree)
    if place == "new":
        return {"join": "all", "not": False, "nodes": [{"what": request.GET["what"], "not": False}]}
    return drafts.load({"all": [tree["all"][place]]})


def _merged(tree, place, found):
    if place == "all":
        return found
    node = found["all"][0] if len(found["all"]) == 1 else found
    return replaced(tree, None if place == "new" else place, node)


def _show(request, named, draft, place, back, error="", status=200):
    context = {
        "named": named,
        "builder": drafts.show(draft, named.name, user=request.user),
        "here": request.get_full_path(),
        "whole": place == "all" or any("nodes" in node for node in draft["nodes"]),
        "error": error,
        "back": back,
        "sentence": _sentence(draft, named, request.user),
    }
    return _answer(request, "token", context, status)


def _sentence(draft, named, user):
    """The draft in words, while it makes sense."""
    try:
        return conditions.sentence(conditions.parse(drafts.dump(draft), named.name, user=user), named.name, user=user)
    except conditions.ConditionError:
        return ""


def _answer(request, name, context, status=200):
    whole = not request.htmx or request.htmx.history_restore_request
    return render(request, f"crm/conditions/{'' if whole else '_'}{name}.html", context, status=status)


def _go(request, back, tree):
    parts = urlsplit(back)
    query = dict(parse_qsl(parts.query))
    query["f"] = dump(tree)
    url = f"{parts.path}?{urlencode(query)}"
    if request.htmx:
        return HttpResponse(headers={"HX-Location": _location(url)})
    return htmx.redirect(request, url)


def _location(url):
    return json.dumps({"path": url, "target": "#list", "swap": "outerHTML show:none"})


@require_POST
def builder(request, subject):
    """The nested builder after a button was pressed or a field changed; the page around it hears conditions:changed."""
    named = _subject(request, subject)
    draft = drafts.read(request.POST, subject)
    drafts.act(draft, request.POST.get("act", ""))
    context = {
        "builder": drafts.show(draft, subject, user=request.user),
        "named": named,
        "sentence": _sentence(draft, named, request.user),
    }
    return htmx.refresh(render(request, "crm/conditions/_builder.html", context), "conditions:changed")


def _tree(request, subject):
    try:
        return conditions.parse_text(request.GET.get("f", ""), subject, user=request.user)
    except conditions.ConditionError as error:
        raise BadRequest(error.message) from None


def _place(request, tree):
    place = request.GET.get("i", "new")
    if place in {"new", "all"}:
        return place
    if not place.isdecimal() or int(place) >= len(tree["all"]):
        raise BadRequest(_("This condition is no longer part of the filter."))
    return int(place)


def _back(request):
    back = request.GET.get("back", "")
    if not back.startswith("/") or not url_has_allowed_host_and_scheme(back, allowed_hosts=None):
        raise BadRequest(_("The address to go back to is missing."))
    return back
