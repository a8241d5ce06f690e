"""The two buttons by which a record page leads through the list it was opened from."""

from django import template
from django.urls import reverse

from crm.lists.steps import came_from

register = template.Library()


@register.inclusion_tag("components/steps.html", takes_context=True)
def steps(context, row):
    """Previous and next; nothing on a page that was not opened from a list."""
    found = came_from(context["request"].GET, row)
    if found is None:
        return {}
    page, query = found
    return {
        "before": reverse("list_previous", args=[page.name, row.pk]) + query,
        "behind": reverse("list_next", args=[page.name, row.pk]) + query,
        "title": page.title,
    }
