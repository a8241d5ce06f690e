"""Showing a stranger's letter."""

from django import template
from django.utils.safestring import SafeString

from crm.mail.incoming.pictures import shown

register = template.Library()


@register.simple_tag
def letter_body(message):
    """HTML of a letter, cleaned once more on its way out: what an older rule let in does not come out."""
    return SafeString(shown(message))
