"""A custom field as an expression of the database.

The same expression is filtered by, ordered by and indexed: only then does PostgreSQL use the index. Casts that depend
on settings of the session (text to date, say) cannot be indexed, so days and instants are put together from parts.
"""

from django.db.models import (
    BigIntegerField,
    BooleanField,
    Case,
    CharField,
    DateField,
    DateTimeField,
    DecimalField,
    Func,
    IntegerField,
    Q,
    Value,
    When,
)
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import Cast, Upper

from crm.models import CustomField

Kind = CustomField.Kind
NUMBER = DecimalField(max_digits=24, decimal_places=6)
COLUMN = "custom"


class Day(Func):
    """ "2026-01-31" as a date."""

    template = "make_date(left(%(expressions)s, 4)::int, substr(%(expressions)s, 6, 2)::int, substr(%(expressions)s, 9, 2)::int)"
    output_field = DateField()

    def as_sql(self, compiler, connection, **context):
        sql, params = super().as_sql(compiler, connection, **context)
        return sql, (*params, *params, *params)


class Moment(Func):
    """ "2026-01-31T10:00:00Z" as an instant."""

    template = (
        "(make_timestamp(left(%(expressions)s, 4)::int, substr(%(expressions)s, 6, 2)::int,"
        " substr(%(expressions)s, 9, 2)::int, substr(%(expressions)s, 12, 2)::int,"
        " substr(%(expressions)s, 15, 2)::int, substr(%(expressions)s, 18, 2)::float8) AT TIME ZONE 'UTC')"
    )
    output_field = DateTimeField()

    def as_sql(self, compiler, connection, **context):
        sql, params = super().as_sql(compiler, connection, **context)
        return sql, tuple(params) * 6


def stored(field):
    """The stored text."""
    return KeyTextTransform(field.key, COLUMN)


def value(field):
    """The value with its type, as it is compared."""
    text = stored(field)
    if field.kind == Kind.FORMULA:
        from crm.custom import formulas

        return formulas.expression(field)
    return {
        Kind.NUMBER: lambda: Cast(text, NUMBER),
        Kind.MONEY: lambda: Cast(text, NUMBER),
        Kind.DATE: lambda: Day(text, output_field=DateField()),
        Kind.DATETIME: lambda: Moment(text, output_field=DateTimeField()),
        Kind.YES_NO: lambda: Cast(text, BooleanField()),
        Kind.PERSON: lambda: Cast(text, BigIntegerField()),
        Kind.CONTACT: lambda: Cast(text, BigIntegerField()),
        Kind.COMPANY: lambda: Cast(text, BigIntegerField()),
        Kind.CHOICES: lambda: KeyTransform(field.key, COLUMN),
    }.get(field.kind, lambda: text)()


def order(field):
    """What a list is sorted by; None for kinds without an order."""
    if field.kind in {Kind.NUMBER, Kind.MONEY, Kind.DATE, Kind.DATETIME, Kind.FORMULA}:
        found = value(field)
        return None if isinstance(found.output_field, BooleanField) else found
    if field.kind in {Kind.TEXT, Kind.LINK}:
        # As text is compared without regard to capitals, so the same index serves both.
        return Upper(stored(field), output_field=CharField())
    if field.kind == Kind.CHOICE:
        places = [When(Q(**{f"{COLUMN}__{field.key}": c["key"]}), then=Value(i)) for i, c in enumerate(field.choices)]
        return Case(*places, default=None, output_field=IntegerField()) if places else None
    return None
