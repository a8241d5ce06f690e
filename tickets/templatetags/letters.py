"""Showing a client's letter."""

from django import template
from django.utils.safestring import SafeString

from tickets.services.inbound.parse import sanitised as clean

register = template.Library()


@register.simple_tag
def sanitised(html):
    """HTML of a letter, cleaned once more on its way out: what an older rule let in does not come out."""
    return SafeString(clean(html))
