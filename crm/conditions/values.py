"""Values of conditions: what may stand in a tree, and which days a relative date means."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation

from django.utils.translation import gettext as _

from crm.conditions.operators import PERIODS, UNITS

MAX_VALUES = 200
MAX_TEXT = 200
PEOPLE = ("me", "my_team")


def clean_value(field, operator, raw):
    """The value of one comparison in canonical form; ValueError with a sentence when it does not fit."""
    if operator.shape == "span":
        return clean_span(raw)
    if operator.shape == "period":
        if raw not in PERIODS:
            raise ValueError(_("Choose a period for “%(field)s”.") % {"field": field.label})
        return raw
    clean = _CLEANERS[field.kind]
    if operator.shape == "one":
        return clean(field, raw)
    if operator.shape == "two":
        if not isinstance(raw, list) or len(raw) != 2:
            raise ValueError(_("Give two values for “%(field)s”.") % {"field": field.label})
        low, high = (clean(field, item) for item in raw)
        if _order(low) > _order(high):
            low, high = high, low
        return [low, high]
    if not isinstance(raw, list) or not raw:
        raise ValueError(_("Choose at least one value for “%(field)s”.") % {"field": field.label})
    if len(raw) > MAX_VALUES:
        raise ValueError(_("Choose up to %(n)s values for “%(field)s”.") % {"n": MAX_VALUES, "field": field.label})
    return list(dict.fromkeys(clean(field, item) for item in raw))


def fits_number(name, held, value):
    """Whether a number that is known fits a comparison by the operator called `name`."""
    if name == "between":
        return Decimal(value[0]) <= held <= Decimal(value[1])
    other = Decimal(value)
    return {
        "is": held == other,
        "gt": held > other,
        "gte": held >= other,
        "lt": held < other,
        "lte": held <= other,
    }[name]


def clean_span(raw):
    """{"n": 6, "unit": "week"}."""
    if not isinstance(raw, dict) or raw.get("unit") not in UNITS or raw.keys() - {"n", "unit"}:
        raise ValueError(_("Say how long: a number and days, weeks, months or years."))
    most = {"day": 36_500, "week": 5_000, "month": 1_200, "year": 100}[raw["unit"]]
    return {"n": clean_count(raw.get("n"), 0, most), "unit": raw["unit"]}


def clean_count(raw, least, most):
    """A whole number between two bounds."""
    if isinstance(raw, str) and raw.strip().isascii() and raw.strip().isdecimal():
        raw = int(raw.strip()[:12])
    if isinstance(raw, bool) or not isinstance(raw, int) or not least <= raw <= most:
        raise ValueError(_("Give a whole number between %(least)s and %(most)s.") % {"least": least, "most": most})
    return raw


def clean_day(raw):
    """An ISO date."""
    try:
        found = date.fromisoformat(raw.strip()[:10]) if isinstance(raw, str) else None
    except ValueError:
        found = None
    if found is None or not 1800 <= found.year <= 2300:
        raise ValueError(_("Give a date such as 2026-03-31."))
    return found.isoformat()


def clean_amount(raw):
    """The amount of {"at_least": 1000} as text."""
    if not isinstance(raw, dict) or raw.keys() != {"at_least"}:
        raise ValueError(_("Say for how much at least."))
    return _number(None, raw["at_least"])


def _text(field, raw):
    value = raw.replace("\x00", "").strip() if isinstance(raw, str) else ""
    if not value:
        raise ValueError(_("Give a value for “%(field)s”.") % {"field": field.label})
    if len(value) > MAX_TEXT:
        raise ValueError(_("The value for “%(field)s” is too long.") % {"field": field.label})
    return value


def _number(field, raw):
    if isinstance(raw, bool) or not isinstance(raw, int | float | str):
        raise ValueError(_("Give a number."))
    try:
        number = Decimal(str(raw).strip().replace("\u00a0", "").replace(" ", "").replace(",", ".")[:40])
    except InvalidOperation:
        raise ValueError(_("Give a number.")) from None
    if not number.is_finite() or abs(number) >= Decimal(10) ** 12:
        raise ValueError(_("This number is too large."))
    number = round(number, 6).normalize()
    return f"{number:f}" if number else "0"


def _choice(field, raw):
    for value, _label in field.options():
        if str(value) == str(raw) and not isinstance(raw, bool | dict | list):
            return value
    raise ValueError(_("“%(value)s” is not a choice of “%(field)s”.") % {"value": str(raw)[:40], "field": field.label})


def _boolean(field, raw):
    if raw in (True, "true", "1", "yes") and raw != 0:
        return True
    if raw in (False, "false", "0", "no"):
        return False
    raise ValueError(_("Choose yes or no for “%(field)s”.") % {"field": field.label})


def _person(field, raw):
    return raw if raw in PEOPLE and isinstance(raw, str) else _record(field, raw)


def _record(field, raw):
    try:
        return clean_count(raw, 1, 2**62)
    except ValueError:
        raise ValueError(_("Choose a value for “%(field)s”.") % {"field": field.label}) from None


_CLEANERS = {
    "text": _text,
    "tags": _text,
    "number": _number,
    "money": _number,
    "date": lambda field, raw: clean_day(raw),
    "datetime": lambda field, raw: clean_day(raw),
    "choice": _choice,
    "choices": _choice,
    "membership": _choice,
    "boolean": _boolean,
    "person": _person,
    "record": _record,
}


def _order(value):
    return value if "-" in value[1:] else Decimal(value)


def days_of(operator, value, today):
    """Days [first, behind the last) that a comparison of dates means; None where it is open."""
    day = timedelta(days=1)
    if operator == "period":
        return period(value, today)
    if operator == "in_last":
        return back(today, value), today + day
    if operator == "older":
        return None, back(today, value)
    if operator == "in_next":
        return today, ahead(today, value) + day
    if operator == "between":
        return date.fromisoformat(value[0]), date.fromisoformat(value[1]) + day
    given = date.fromisoformat(value)
    return {"is": (given, given + day), "before": (None, given), "after": (given + day, None)}[operator]


def period(name, today):
    """First day of a named period and the day behind its last."""
    which, _sep, unit = name.partition("_")
    if not unit:
        first = today + timedelta(days={"today": 0, "yesterday": -1, "tomorrow": 1}[name])
        return first, first + timedelta(days=1)
    step = {"last": -1, "this": 0, "next": 1}[which]
    if unit == "week":
        monday = today - timedelta(days=today.weekday()) + timedelta(weeks=step)
        return monday, monday + timedelta(weeks=1)
    months = {"month": 1, "quarter": 3, "year": 12}[unit]
    first = today.replace(month=(today.month - 1) // months * months + 1, day=1)
    return add_months(first, step * months), add_months(first, (step + 1) * months)


def back(today, span):
    """The day a span ago; in a shorter month its last day."""
    return ahead(today, {**span, "n": -span["n"]})


def ahead(today, span):
    """The day a span ahead."""
    n, unit = span["n"], span["unit"]
    if unit in {"day", "week"}:
        return today + timedelta(days=n * (7 if unit == "week" else 1))
    return add_months(today, n * (12 if unit == "year" else 1))


def add_months(day, months):
    """The same day some months on, or the last one where the month is shorter."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    behind = date(year + (month == 11), (month + 1) % 12 + 1, 1)
    return date(year, month + 1, min(day.day, (behind - timedelta(days=1)).day))


def start_of(day, zone):
    """The instant at which a day begins in a zone."""
    return datetime.combine(day, time.min, tzinfo=zone)
