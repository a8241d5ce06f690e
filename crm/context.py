"""What every page's frame needs."""

from django.utils.functional import SimpleLazyObject

from crm import notify, registry
from crm.models import Workspace


def shell(request):
    """Navigation, company and unread count, each asked for only when a template uses it."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"workspace": SimpleLazyObject(Workspace.get)}
    return {
        "workspace": SimpleLazyObject(Workspace.get),
        "nav": SimpleLazyObject(lambda: navigation(user, request.path)),
        "settings_pages": SimpleLazyObject(lambda: registry.settings_for(user)),
        "shortcuts": SimpleLazyObject(lambda: [c for c in registry.commands_for(user) if c.shortcut]),
        "unread": SimpleLazyObject(lambda: notify.unread_count(user)),
    }


def navigation(user, path=""):
    """The places the user may open, each with the figure beside it; the one that holds `path` is marked."""
    places = [_Place(item, item.count(user) if item.count else None) for item in registry.nav_for(user)]
    around = [
        place for place in places if path == place.address or place.address != "/" and path.startswith(place.address)
    ]
    if around:
        # /deals/proposals/ stands below /deals/ too: the longer address is the place.
        max(around, key=lambda place: len(place.address)).current = True
    return places


class _Place:
    """A navigation item with its address and figure."""

    def __init__(self, item, badge):
        self.item = item
        self.badge = badge
        self.address = item.url
        self.current = False

    def __getattr__(self, name):
        return getattr(self.item, name)
