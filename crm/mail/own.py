"""Addresses that are the company's own: of colleagues, and of the mailboxes that the program reads or writes from."""

from email.utils import parseaddr

from django.conf import settings

from crm.kept import kept
from crm.models import User, Workspace
from crm.text import norm_email

_sources = []


def own(fn):
    """Decorator: `fn()` gives addresses that belong to the company. Register in extensions.py."""
    _sources.append(fn)
    return fn


def own_addresses():
    """All of them, normalised."""
    return kept("mail.own_addresses", _read)


def _read():
    found = {Workspace.get().mail_from, parseaddr(settings.DEFAULT_FROM_EMAIL)[1], settings.BOUNCE_ADDRESS}
    found.update(User.objects.filter(is_active=True).values_list("email", flat=True))
    for source in _sources:
        found.update(source())
    return {norm for norm in map(norm_email, found) if norm}
