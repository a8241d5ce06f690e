"""Figures in the reader's language."""

from decimal import Decimal

from django import template
from django.utils import formats
from django.utils.dateparse import parse_date
from django.utils.html import format_html
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from crm.templatetags.ui import money, seconds, whole

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
        share = Decimal(value).quantize(Decimal("0.1"))
        return f"{formats.localize(share.quantize(Decimal(1)) if share == share.to_integral() else share)} %"
    return whole(value) if isinstance(value, int) else value


@register.filter
def decimal(text):
    """A number kept as text, with the reader's decimal mark and a true minus."""
    return formats.localize(Decimal(text)).replace("-", "−")


@register.filter
def day_in_year(day):
    """ "25 November 2025"; in Russian the month of a date stands in the genitive."""
    return formats.date_format(day, "j E Y" if get_language() == "ru" else "j F Y")


@register.filter
def moment(label):
    """A day or month of the picture as people write it; names of stages and years stay as they are."""
    if day := parse_date(label):
        return day_in_year(day)
    month = parse_date(f"{label}-01") if len(label) == 7 else None
    return formats.date_format(month, "F Y") if month else label


@register.filter
def quarter(day):
    """The quarter that begins on a day."""
    return _("Q%(n)d %(year)d") % {"n": (day.month + 2) // 3, "year": day.year}


@register.filter
def customer_of(row):
    """Whose a deal, an order or a request is, or where a person works; None where nobody is known."""
    ways = ("contact", "requester", "company")
    return next((found for way in ways if (found := getattr(row, way, None))), None)


@register.simple_tag
def record_figure(row, currency="EUR"):
    """The figure of a record at the end of its line: the amount of a deal or order, what a person has paid, the working time of a request."""
    if hasattr(row, "amount_base"):
        amount = money(row.amount_base, currency)
    elif hasattr(row, "purchases"):
        amount = money(row.purchases.revenue_base, currency)
    elif hasattr(row, "business_resolution"):
        amount = seconds(row.business_resolution)
    else:
        return ""
    return format_html('<span class="num tnum">{}</span>', amount)
