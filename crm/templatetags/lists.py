"""Cells of lists outside of their table, and addresses of feeds."""

from django import template

from crm.lists.feeds import FORMS

register = template.Library()


@register.simple_tag
def cell(column, row):
    """What a column shows of a row."""
    return column.html(row)


@register.simple_tag
def feed_links(feed):
    """[(name, path)] of the forms in which a feed is read."""
    return [(form.upper() if form != "atom" else "Atom", feed.path(form)) for form in FORMS]
