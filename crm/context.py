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
        "nav": SimpleLazyObject(lambda: registry.nav_for(user)),
        "unread": SimpleLazyObject(lambda: notify.unread_count(user)),
    }
