"""Figures in the reader's language."""

from decimal import Decimal

from django import template
from django.utils import formats
from django.utils.html import format_html

from crm.templatetags.ui import money, seconds

register = template.Library()


@register.simple_tag
def figure(value, unit, currency="EUR"):
    """A KPI's value with its unit; an en dash when unknown."""
    if value is None:
        return "–"
    if unit == "money":
        return money(Decimal(value), currency)
    if unit == "seconds":
        return seconds(int(float(value)))
    if unit == "percent":
        return f"{formats.localize(Decimal(value))} %"
    return formats.localize(int(value), use_l10n=True) if isinstance(value, int) else value


@register.simple_tag
def record_figure(row, currency="EUR"):
    """The figure of a record at the end of its line: the amount of a deal or order, the working time of a request."""
    if hasattr(row, "amount_base"):
        return format_html('<span class="num tnum">{}</span>', money(row.amount_base, currency))
    if hasattr(row, "business_resolution"):
        return format_html('<span class="num tnum">{}</span>', seconds(row.business_resolution))
    return ""
