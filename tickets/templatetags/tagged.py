"""Addresses of lists of tickets."""

import json
from urllib.parse import urlencode

from django import template
from django.urls import reverse

register = template.Library()


@register.simple_tag
def tagged_url(tag):
    """The list of tickets with this tag."""
    tree = json.dumps({"field": "tags", "op": "has_any", "value": [tag]}, ensure_ascii=False)
    return f"{reverse('tickets:index')}?{urlencode({'f': tree})}"
