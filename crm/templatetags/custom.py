"""Custom fields in templates."""

from django import template
from django.urls import reverse

from crm.custom import definitions, section

register = template.Library()


@register.inclusion_tag("crm/custom/_section.html", takes_context=True)
def custom_section(context, record):
    """The custom fields of a record, changed in place."""
    return section.context(record, context["request"].user) | {"request": context["request"]}


@register.inclusion_tag("crm/custom/_boxes.html")
def custom_boxes(form):
    """The custom fields inside the form of a record."""
    return boxes(getattr(form, "custom", None))


def boxes(custom):
    """What the boxes need: they are drawn anew when something changes that a rule asks about."""
    if custom is None or not custom.shown:
        return {"custom": None}
    has_rules = any(field.rules for field in definitions.fields_of(custom.subject, custom.by))
    pk = custom.record.pk if custom.record is not None else 0
    return {
        "custom": custom,
        "sections": custom.sections(),
        "boxes_url": reverse("custom_boxes", args=[custom.subject, pk]) if has_rules else "",
    }
