"""Letters that wait."""

from datetime import timedelta

from django import template
from django.utils import timezone

register = template.Library()
SOON = timedelta(minutes=2)


@register.simple_tag
def waiting(letters):
    """How many of these go within moments, so that the page looks again; 0 when none does."""
    soon = timezone.now() + SOON
    if any(letter.state == "waiting" and letter.sent_at < soon for letter in letters):
        return sum(1 for letter in letters if letter.state == "waiting")
    return 0
