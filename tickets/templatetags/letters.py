"""Showing a client's letter."""

import json
from urllib.parse import urlencode

from django import template
from django.urls import reverse
from django.utils.safestring import SafeString

from crm.mail.incoming.pictures import shown

register = template.Library()


@register.simple_tag
def letter_body(message):
    """HTML of a letter, cleaned once more on its way out: what an older rule let in does not come out."""
    return SafeString(shown(message))


@register.simple_tag
def tagged_url(tag):
    """The list of tickets with this tag."""
    tree = json.dumps({"field": "tags", "op": "has_any", "value": [tag]}, ensure_ascii=False)
    return f"{reverse('tickets:index')}?{urlencode({'f': tree})}"
