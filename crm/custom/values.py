"""Values of custom fields: what may be stored, how it is read from text, and how people see it.

Stored is JSON that compares exactly and in order: numbers and amounts as decimal text ("12.5"), days as "2026-01-31",
instants as "2026-01-31T10:00:00Z", choices as their keys, people and records as their numbers, a file as
{"file": uuid, "name"}. Nothing is stored for an empty field.
"""

import re
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from urllib.parse import urlsplit

from django.utils import formats, timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.html import format_html, format_html_join
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from crm import access
from crm.models import CustomField, StoredFile, User
from crm.money import format_money
from crm.templatetags import ui

Kind = CustomField.Kind
MAX_TEXT, MAX_LONG, MAX_CHOICES = 500, 20_000, 100
LARGEST = Decimal(10) ** 12
RECORDS = {Kind.CONTACT: "contact", Kind.COMPANY: "company"}
_RUSSIAN_DAY = re.compile(r"^(\d{1,2})\.(\d{1,2})\.(\d{4})$")
_YES, _NO = {"true", "1", "yes", "да", "y", "on"}, {"false", "0", "no", "нет", "n", "off"}


def clean(field, raw, *, by=None):
    """What is stored for `raw` (typed text, a cell of a file, JSON of a program), None for nothing.

    Raises ValueError with a sentence that says what is wanted. `by` decides which records may be named.
    """
    if isinstance(raw, str):
        raw = raw.replace("\x00", "").strip()
    if raw is None or raw == "" or raw == [] or raw == {}:
        return None
    return _CLEAN[field.kind](field, raw, by)


def _text(field, raw, by):
    return _bounded(" ".join(_string(raw).split()), MAX_TEXT)


def _long(field, raw, by):
    return _bounded(_string(raw).replace("\r\n", "\n"), MAX_LONG)


def _number(field, raw, by):
    found = _decimal(raw)
    if found != round(found, field.places):
        raise ValueError(_("Give at most %(n)s digits behind the point.") % {"n": field.places})
    return decimal_text(found)


def _money(field, raw, by):
    found = _decimal(raw, field.money_currency)
    if found != round(found, 2):
        raise ValueError(_("Give an amount in whole cents."))
    return f"{found:.2f}"


def _date(field, raw, by):
    text = raw.isoformat() if isinstance(raw, date) else _string(raw)
    if isinstance(raw, datetime):
        text = timezone.localtime(raw).date().isoformat() if timezone.is_aware(raw) else raw.date().isoformat()
    if found := _RUSSIAN_DAY.match(text):
        text = f"{found[3]}-{found[2]:0>2}-{found[1]:0>2}"
    try:
        day = parse_date(text)
    except ValueError:
        day = None
    if day is None or not 1800 <= day.year <= 2300:
        raise ValueError(_("Give a date such as 2026-03-31."))
    return day.isoformat()


def _datetime(field, raw, by):
    try:
        moment = raw if isinstance(raw, datetime) else parse_datetime(_string(raw))
    except ValueError:
        moment = None
    if moment is None or not 1800 < moment.year < 2300:
        raise ValueError(_("Give a date and a time such as 2026-03-31 14:30."))
    if timezone.is_naive(moment):
        moment = timezone.make_aware(moment)
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _choice(field, raw, by):
    text = _string(raw)
    for choice in field.choices:
        if not choice.get("retired") and text.casefold() in {
            choice["key"].casefold(),
            choice["en"].casefold(),
            choice["ru"].casefold(),
        }:
            return choice["key"]
    raise ValueError(_("“%(value)s” is not one of the choices.") % {"value": text[:60]})


def _choices(field, raw, by):
    parts = raw if isinstance(raw, list | tuple) else [part.strip() for part in _string(raw).split(",")]
    if len(parts) > MAX_CHOICES:
        raise ValueError(_("Choose fewer."))
    chosen = {_choice(field, part, by) for part in parts if part != ""}
    return [choice["key"] for choice in field.choices if choice["key"] in chosen] or None


def _yes_no(field, raw, by):
    text = str(raw).casefold()
    if text in _YES or text in _NO:
        return text in _YES
    raise ValueError(_("Choose yes or no."))


def _link(field, raw, by):
    text = _bounded(_string(raw), MAX_TEXT)
    if "://" not in text:
        text = f"https://{text}"
    try:
        parts = urlsplit(text)
        good = parts.scheme in {"http", "https"} and "." in (parts.hostname or "") and not re.search(r"\s", text)
    except ValueError:
        good = False
    if not good:
        raise ValueError(_("Give an address such as https://example.com."))
    return text


def _person(field, raw, by):
    text = str(raw)
    rows = User.objects.filter(is_active=True)
    if text.isdecimal():
        found = list(rows.filter(pk=int(text[:18])).values_list("pk", flat=True))
    else:
        found = list(rows.filter(email__iexact=text).values_list("pk", flat=True))
        found = found or list(rows.filter(name__iexact=text).values_list("pk", flat=True)[:2])
    if len(found) != 1:
        raise ValueError(_("Choose a colleague of the list."))
    return found[0]


def _record(field, raw, by):
    """A record by its number, by "Name #12" as the suggestions write it, or by a name that only one has."""
    from crm.picking import find_record

    return find_record(access.kind_named(RECORDS[field.kind]).model, raw, by).pk


def _file(field, raw, by):
    row = StoredFile.objects.filter(uuid=raw["file"]).first() if isinstance(raw, dict) and "file" in raw else None
    if row is None:
        raise ValueError(_("Choose a file first."))
    return {"file": str(row.uuid), "name": row.name}


def _formula(field, raw, by):
    raise ValueError(_("This is computed. Change what it is computed of."))


_CLEAN = {
    Kind.TEXT: _text,
    Kind.LONG: _long,
    Kind.NUMBER: _number,
    Kind.MONEY: _money,
    Kind.DATE: _date,
    Kind.DATETIME: _datetime,
    Kind.CHOICE: _choice,
    Kind.CHOICES: _choices,
    Kind.YES_NO: _yes_no,
    Kind.LINK: _link,
    Kind.PERSON: _person,
    Kind.CONTACT: _record,
    Kind.COMPANY: _record,
    Kind.FILE: _file,
    Kind.FORMULA: _formula,
}


def _string(raw):
    if isinstance(raw, bool | dict | list):
        raise ValueError(_("Give a text."))
    return str(raw)


def _bounded(text, limit):
    if len(text) > limit:
        raise ValueError(_("Write at most %(n)s letters.") % {"n": limit})
    return text


def _decimal(raw, currency=""):
    text = re.sub(r"[\s\u00a0\u202f]", "", _string(raw)).removesuffix(currency)
    if "," in text and "." in text:
        # The sign that comes last parts the fraction: 1.234,50 and 1,234.50.
        text = text.replace("." if text.rindex(",") > text.rindex(".") else ",", "")
    try:
        found = Decimal(text.replace(",", ".").replace("−", "-")[:40])
    except InvalidOperation:
        raise ValueError(_("Give a number.")) from None
    if not found.is_finite() or abs(found) >= LARGEST:
        raise ValueError(_("This number is too large."))
    return found


def decimal_text(number):
    """A decimal without an exponent and without needless zeros."""
    number = number.normalize()
    return f"{number:f}" if number else "0"


def shape(field):
    """The kind as which a field's values are shown: that of its result for a formula."""
    if field.kind != Kind.FORMULA:
        return field.kind
    from crm.custom import formulas

    return _RESULTS[formulas.kind_of(field)]


_RESULTS = {"number": Kind.NUMBER, "text": Kind.TEXT, "date": Kind.DATE, "boolean": Kind.YES_NO}


def typed(field, stored):
    """The value as Python works with it: Decimal, date, datetime, text, bool, list, number of a record."""
    if stored is None:
        return None
    kind = shape(field)
    if kind in {Kind.NUMBER, Kind.MONEY}:
        return Decimal(str(stored))
    if kind == Kind.DATE:
        return date.fromisoformat(stored)
    if kind == Kind.DATETIME:
        return datetime.fromisoformat(stored)
    return stored


def held(field, record):
    """What a record holds in a field, as it is stored; what is computed, as it would be."""
    if field.kind == Kind.FORMULA:
        from crm.custom import formulas

        return formulas.computed(field, record)
    return record.custom.get(field.key)


def names_of(fields_and_values, user=None):
    """{(kind, number): name or record} of all colleagues and records that some values name: one query for a kind.

    Records that the user may not see are left out.
    """
    wanted = {}
    for field, stored in fields_and_values:
        if isinstance(stored, int) and field.is_reference:
            wanted.setdefault(field.kind, set()).add(stored)
    found = {}
    for kind, keys in wanted.items():
        rows = User.objects.all() if kind == Kind.PERSON else access.kind_named(RECORDS[kind]).model.objects.all()
        if kind != Kind.PERSON and user is not None:
            rows = rows.visible_to(user)
        found |= {(kind, row.pk): row for row in rows.filter(pk__in=keys)}
    return found


def text(field, stored, names=None):
    """The value in one line for a file, a letter, the audit trail; "" for nothing."""
    if stored is None:
        return ""
    kind = shape(field)
    if kind == Kind.CHOICE:
        return field.choice_label(stored)
    if kind == Kind.CHOICES:
        return ", ".join(field.choice_label(key) for key in stored)
    if kind == Kind.YES_NO:
        return _("yes") if stored else _("no")
    if kind == Kind.FILE:
        return stored["name"]
    if kind == Kind.DATETIME:
        return timezone.localtime(datetime.fromisoformat(stored)).strftime("%Y-%m-%d %H:%M")
    if field.is_reference:
        found = (names_of([(field, stored)]) if names is None else names).get((kind, stored))
        return str(found) if found is not None else ""
    return str(stored)


def html(field, stored, names):
    """The value as a page shows it. `names` comes from `names_of`."""
    kind = shape(field)
    if kind == Kind.NUMBER:
        return formats.number_format(Decimal(stored), use_l10n=True, force_grouping=True)
    if kind == Kind.MONEY:
        return format_money(Decimal(stored), field.money_currency, get_language() or "en")
    if kind == Kind.DATE:
        return ui.day(date.fromisoformat(stored))
    if kind == Kind.DATETIME:
        return ui.day_and_clock(datetime.fromisoformat(stored))
    if kind == Kind.CHOICES:
        return format_html_join(" ", '<span class="chip">{}</span>', ((field.choice_label(k),) for k in stored))
    return format_html("{}", text(field, stored, names))


def url(field, stored, names):
    """Where a value leads: a link, a file, a record's page; "" for others."""
    if field.kind == Kind.LINK:
        return stored
    if field.kind == Kind.FILE:
        return StoredFile(uuid=stored["file"]).get_absolute_url()
    found = names.get((field.kind, stored)) if field.kind in RECORDS else None
    return found.get_absolute_url() if found is not None else ""


def typed_text(field, stored):
    """The value as somebody would type it into its box: how two people's writing is told apart."""
    if stored is None:
        return ""
    if field.kind == Kind.CHOICES:
        return ",".join(stored)
    if field.kind == Kind.YES_NO:
        return "true" if stored else "false"
    if field.kind == Kind.DATETIME:
        return timezone.localtime(datetime.fromisoformat(stored)).strftime("%Y-%m-%dT%H:%M")
    return stored["file"] if field.kind == Kind.FILE else str(stored)
