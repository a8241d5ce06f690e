"""Showing a letter of ours, and the length of a wait."""

from django import template
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def letter_html(html):
    """A letter as its mail program gets it. It was compiled by us, its holes filled with escaped text; the page that
    shows it is a sandbox without scripts."""
    return SafeString(html)


@register.simple_tag
def span_parts(minutes):
    """(days, hours, minutes) of a wait in minutes."""
    days, rest = divmod(minutes, 1440)
    return (days, *divmod(rest, 60))
