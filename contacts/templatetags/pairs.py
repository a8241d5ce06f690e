"""How pairs of likely duplicates read."""

from django import template
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

register = template.Library()
_REASONS = {
    "given_name": _("first name"), "surname": _("last name"), "date_of_birth": _("birthday"), "street_number": _("house"),
    "address_1": _("street"), "address_2": _("address"), "suburb": _("city"), "postcode": _("postcode"), "state": _("region"),
    "email": _("email"), "phone": _("phone"), "company": _("company"), "name": _("name"), "city": _("city"),
    "inn": _("taxpayer number (INN or VAT ID)"), "domain": _("website"),
}  # fmt: skip
_LIKENESS = {
    "same": pgettext_lazy("values", "same"), "alike": pgettext_lazy("values", "alike"), "other": pgettext_lazy("values", "different"),
}  # fmt: skip


@register.filter
def reason(name):
    """The field that speaks for or against a pair."""
    return _REASONS.get(name, name)


@register.filter
def likeness(how):
    return _LIKENESS.get(how, how)


@register.filter
def percent(score):
    return round(score * 100)
