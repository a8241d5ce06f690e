"""Numbers as people type them."""

from decimal import Decimal, InvalidOperation

from django import template
from django.template.loader import get_template
from django.utils.translation import get_language

from crm.access import may
from crm.field_access import may_see
from crm.money import format_money
from deals.documents.pdf import discount_text, number_text

register = template.Library()


@register.filter
def plain(value):
    """A number without trailing zeros and grouping; what is none stays as it is typed."""
    try:
        number = Decimal(str(value))
        return f"{number.normalize():f}" if number.is_finite() else value
    except InvalidOperation:
        return "" if value is None else value


@register.simple_tag(takes_context=True)
def asked(context, deal):
    """The amount of a deal; "" for a reader from whom amounts are hidden, an en dash where it is unknown."""
    if not may_see(context["request"].user, "deal", "amount"):
        return ""
    return format_money(deal.amount, deal.currency, get_language() or "en")


@register.simple_tag
def sum_of(text, currency):
    """An amount that a version keeps as text."""
    return format_money(Decimal(text), currency, get_language() or "en", cents=True)


@register.simple_tag
def off(line, currency):
    """The discount of a line of a version."""
    return discount_text(line, currency, get_language() or "en")


@register.filter
def spoken(text):
    """A number kept as text, with the language's decimal sign."""
    return number_text(text, (get_language() or "en")[:2])


@register.filter
def may_edit(user, kind):
    """Whether the user may make or change anything of that kind."""
    return may(user, kind, "edit")


@register.simple_tag(takes_context=True)
def card_menu(context, stages, stage_id):
    """Where a card may go. It is the same for all cards of a lane, so it is drawn once for each."""
    drawn = context["request"].__dict__.setdefault("_card_menus", {})
    if stage_id not in drawn:
        menu = get_template("deals/_card_menu.html")
        drawn[stage_id] = menu.render({"stages": stages, "stage_id": stage_id})
    return drawn[stage_id]
