"""The mark by which a letter of ours is known again: in its head, and in its return path when one is set."""

import re

from django.conf import settings

from crm import keys

HEADER = "X-Rapport"
PURPOSE = "letter"
_MARK = re.compile(r"(\d{1,18})\.([0-9a-f]{20})")


def mark_of(delivery_id):
    """`pk.key`: nobody who has not seen the letter can make it."""
    return f"{delivery_id}.{keys.mark(PURPOSE, delivery_id)}"


def delivery_id_of(text):
    """The delivery of the first true mark in a text, or None. A mark of another installation is none of ours."""
    for number, key in _MARK.findall((text or "")[:2000]):
        if keys.is_mark(key, PURPOSE, int(number)):
            return int(number)
    return None


def return_path(delivery_id):
    """Where reports about this very letter go (VERP); "" when BOUNCE_ADDRESS is not set."""
    local, _at, domain = settings.BOUNCE_ADDRESS.rpartition("@")
    return f"{local}+{mark_of(delivery_id)}@{domain}" if local else ""
