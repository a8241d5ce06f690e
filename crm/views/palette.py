"""The palette, the search page and the list of all places."""

from django.shortcuts import render

from crm import registry
from crm.search import search

PAGE = 25  # of each kind on the page


def show(request):
    """What the palette lists for the text typed so far. ">" leaves the commands only."""
    text = request.GET.get("q", "").strip()[:100]
    only_commands = text.startswith(">")
    words = text.lstrip("> ").casefold()
    groups = [] if only_commands or len(words) < 2 else search(request.user, words, limit=5)
    context = {"groups": groups, "commands": _commands(request.user, words), "text": text}
    return render(request, "crm/_palette_items.html", context)


def index(request):
    """Search as a page, for links and for browsers without script."""
    text = request.GET.get("q", "").strip()[:100]
    groups = search(request.user, text, limit=PAGE) if len(text) > 1 else []
    return render(request, "crm/search.html", {"groups": groups, "text": text, "most": PAGE})


def places(request):
    """Everything the navigation holds, for phones."""
    return render(request, "crm/places.html")


def _commands(user, words):
    """Commands and places whose name holds every word; all of them while nothing is typed."""
    places = [(str(i.name), i.icon, i.url, f"g {i.shortcut}" if i.shortcut else "") for i in registry.nav_for(user)]
    # What makes something stands before what only shows something.
    ordered = sorted(registry.commands_for(user), key=lambda c: c.act != "edit")
    commands = [(str(c.name), c.icon, c.url, c.shortcut) for c in ordered]
    found = [c for c in commands + places if all(word in c[0].casefold() for word in words.split())]
    return [
        {"name": name, "icon": icon, "url": url, "keys": keys.upper().split()} for name, icon, url, keys in found[:12]
    ]
