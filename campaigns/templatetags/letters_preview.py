"""Showing a letter of ours, and the length of a wait."""

from django import template
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def letter_html(html):
    """A letter as its mail program gets it. It was compiled by us, its holes filled with escaped text; the page that
    shows it is a sandbox without scripts."""
    return SafeString(html)
