"""Custom fields as things to ask about in filters, segments and rules."""

from functools import partial

from django.utils.translation import pgettext_lazy

from crm.conditions import Field
from crm.custom import definitions, sql
from crm.models import CustomField

Kind = CustomField.Kind
# How the condition language calls each kind. A file is only there or not.
_KINDS = {
    Kind.TEXT: "text",
    Kind.LONG: "text",
    Kind.NUMBER: "number",
    Kind.MONEY: "money",
    Kind.DATE: "date",
    Kind.DATETIME: "datetime",
    Kind.CHOICE: "choice",
    Kind.CHOICES: "choices",
    Kind.YES_NO: "boolean",
    Kind.LINK: "text",
    Kind.PERSON: "person",
    Kind.CONTACT: "record",
    Kind.COMPANY: "record",
    Kind.FILE: "text",
}
GROUP = pgettext_lazy("custom", "Own fields")


def fields_for(subject):
    """Every field of a subject. Retired ones stay known to segments and rules, but nobody is offered them."""
    return [_field(field) for field in definitions.all_fields(subject)]


def kind_of(field):
    """The kind in the condition language."""
    if field.kind == Kind.FORMULA:
        from crm.custom import formulas

        return formulas.kind_of(field)
    return _KINDS[field.kind]


def _field(field):
    return Field(
        field.name,
        field.label,
        kind_of(field),
        path=field.key,
        json="" if field.kind == Kind.FORMULA else sql.COLUMN,
        expression=partial(sql.value, field) if field.kind in {Kind.DATE, Kind.DATETIME, Kind.FORMULA} else None,
        choices=[(c["key"], field.choice_label(c["key"])) for c in field.choices],
        subject=str(field.kind) if kind_of(field) == "record" else "",
        group=GROUP,
        currency=field.money_currency if field.kind == Kind.MONEY else "",
        asked_by=lambda user: not field.is_retired and field.visible_to(user),
    )
