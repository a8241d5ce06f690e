"""What every page's frame needs."""

from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from crm import notify, registry
from crm.models import Workspace


def shell(request):
    """Navigation, company and unread count, each asked for only when a template uses it."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"workspace": SimpleLazyObject(Workspace.get)}
    is_setting = SimpleLazyObject(lambda: in_settings(user, request.path))
    return {
        "workspace": SimpleLazyObject(Workspace.get),
        "nav": SimpleLazyObject(lambda: navigation(user, "" if is_setting else request.path)),
        "in_settings": is_setting,
        "settings_pages": SimpleLazyObject(lambda: registry.settings_for(user)),
        "shortcuts": SimpleLazyObject(lambda: [c for c in registry.commands_for(user) if c.shortcut]),
        "unread": SimpleLazyObject(lambda: notify.unread_count(user)),
    }


def navigation(user, path=""):
    """The places the user may open, each with the figure beside it; the one that holds `path` is marked."""
    places = [_Place(item, item.count(user) if item.count else None) for item in registry.nav_for(user)]
    here = _around(path, [place.address for place in places])
    for place in places:
        place.current = bool(here) and place.address == here
    return places


def in_settings(user, path):
    """Whether the page belongs to the settings: some stand below the address of a place, as /contacts/mailbox/ does."""
    pages = ["/settings/", "/accounts/", *(reverse(page.url_name) for page in registry.settings_for(user))]
    return len(_around(path, pages)) > len(_around(path, [item.url for item in registry.nav_for(user)]))


def _around(path, addresses):
    """The longest address at or above a path: /deals/proposals/ stands below /deals/ too. "" when none does."""
    found = (address for address in addresses if path == address or address != "/" and path.startswith(address))
    return max(found, key=len, default="")


class _Place:
    """A navigation item with its address and figure."""

    def __init__(self, item, badge):
        self.item = item
        self.badge = badge
        self.address = item.url
        self.current = False

    def __getattr__(self, name):
        return getattr(self.item, name)
