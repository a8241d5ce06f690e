"""Cells of lists outside of their table."""

from django import template

register = template.Library()


@register.simple_tag
def cell(column, row):
    """What a column shows of a row."""
    return column.html(row)
