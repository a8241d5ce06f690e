"""What else may be made of a list's filter. Apps add to it: a segment of people, say."""

from collections.abc import Callable
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from crm import access


@dataclass(frozen=True)
class Use:
    """`url(wish)` leads to where it is made, for those who may edit `kind`."""

    label: str
    icon: str
    url: Callable
    kind: str


_uses: dict[str, list[Use]] = {}


def use(list_name, item):
    """Offer a use of the filters of a list."""
    _uses.setdefault(list_name, []).append(item)


def uses_of(wish):
    """[(label, icon, address)] for the present filter."""
    watch = reverse("list_watches", args=[wish.page.name]) + wish.query(shape=None, by=None, tot=None)
    found = [(_("Alert or feed"), "rss", watch)]
    for item in _uses.get(wish.page.name, []):
        if access.may(wish.user, item.kind, "edit"):
            found.append((item.label, item.icon, item.url(wish)))
    return found
