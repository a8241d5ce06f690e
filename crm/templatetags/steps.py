"""How a record page leads through the list it was opened from, and back to it."""

from django import template
from django.urls import reverse

from crm.lists.steps import came_from, way_back

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


@register.inclusion_tag("components/list_crumb.html", takes_context=True)
def page_crumb(context, row, page):
    """The same for a list that is known only at run time."""
    return {"url": way_back(context["request"].GET, row) or page.url, "title": page.title}


@register.inclusion_tag("components/list_crumb.html", takes_context=True)
def list_crumb(context, row, url_name, title):
    """The way back: to the list with the filter, order and page from which the record was opened, else to `url_name`."""
    return {"url": way_back(context["request"].GET, row) or reverse(url_name), "title": title}
