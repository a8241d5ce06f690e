"""One cell as a clean value. Each cleaner takes the text, never empty, and raises Unfit with a sentence for the person."""

import re
from contextlib import suppress
from datetime import date

from django.utils.translation import gettext as _

from contacts.dates import read_birthday
from contacts.models import Contact
from crm.text import digits, norm_email

# 1984-05-31, 1984/05/31 and 19840531, a time behind it or not; 31.05.1984, 31/05/1984 and 31.05.84.
_DAY = re.compile(r"(\d{4})([-/]|(?=\d{4}$))(\d{1,2})\2(\d{1,2})(?:[T ].*)?$|(\d{1,2})([./])(\d{1,2})\6(\d{4}|\d{2})$")
# What people and programs write where nothing is known.
_NOTHING = {"-", "--", "–", "—", "null", "none", "n/a", "#n/a", "нет", "не указано", "не указан", "(нет)", "no value"}
_LANGUAGES = {
    "english": "en", "английский": "en", "russian": "ru", "русский": "ru", "german": "de", "deutsch": "de",
    "немецкий": "de",
}  # fmt: skip
_COUNTRIES = {
    "россия": "RU", "российская федерация": "RU", "рф": "RU", "russia": "RU", "russian federation": "RU",
    "germany": "DE", "deutschland": "DE", "германия": "DE", "united states": "US", "usa": "US", "сша": "US",
    "united states of america": "US", "united kingdom": "GB", "great britain": "GB", "uk": "GB", "великобритания": "GB",
    "france": "FR", "франция": "FR", "kazakhstan": "KZ", "казахстан": "KZ", "belarus": "BY", "беларусь": "BY",
    "austria": "AT", "австрия": "AT", "switzerland": "CH", "швейцария": "CH", "poland": "PL", "польша": "PL",
    "italy": "IT", "италия": "IT", "spain": "ES", "испания": "ES", "netherlands": "NL", "нидерланды": "NL",
    "czech republic": "CZ", "czechia": "CZ", "чехия": "CZ", "ukraine": "UA", "украина": "UA", "uzbekistan": "UZ",
    "узбекистан": "UZ", "armenia": "AM", "армения": "AM", "georgia": "GE", "грузия": "GE", "turkey": "TR", "турция": "TR",
    "china": "CN", "китай": "CN", "india": "IN", "индия": "IN", "sweden": "SE", "finland": "FI", "финляндия": "FI",
    "norway": "NO", "denmark": "DK", "belgium": "BE", "portugal": "PT", "canada": "CA", "канада": "CA",
}  # fmt: skip
_STAGES = {
    "subscriber": "subscriber", "подписчик": "subscriber", "lead": "lead", "лид": "lead", "marketingqualifiedlead": "lead",
    "marketing qualified lead": "lead", "qualified": "qualified", "salesqualifiedlead": "qualified",
    "sales qualified lead": "qualified", "opportunity": "qualified", "квалифицирован": "qualified", "customer": "customer",
    "client": "customer", "клиент": "customer", "клиенты": "customer", "evangelist": "evangelist", "адвокат": "evangelist",
    "lost": "lost", "потерян": "lost",
}  # fmt: skip
_YES = {"yes", "y", "true", "1", "x", "да", "истина", "on", "+", "✓"}
_NO = {"no", "n", "false", "0", "нет", "ложь", "off"}


class Unfit(ValueError):
    """The value cannot be taken; the message says why."""


def is_nothing(text):
    """Whether a cell only says that nothing is known."""
    return text.casefold() in _NOTHING


def text(limit):
    """A cleaner of text of at most `limit` characters."""

    def clean(value):
        if len(value) > limit:
            raise Unfit(_("“%(value)s…” is longer than %(n)s characters.") % {"value": value[:40], "n": limit})
        return value

    return clean


def long_text(value):
    return value[:20_000]


def day(value):
    """A day from 1900 to today, in the forms of tables and in those of people; without a year it stands in 1904."""
    found = _date(value)
    if found is None:
        with suppress(ValueError, KeyError):
            found, _has_year = read_birthday(value)
    if found is None or not date(1900, 1, 1) <= found <= date.today():
        raise Unfit(_("“%(value)s” is not a birthday. Write it like 1984-05-31 or 31.05.1984.") % {"value": value[:40]})
    return found


def language(value):
    return _LANGUAGES.get(value.casefold(), value[:2].lower())


def country(value):
    code = _COUNTRIES.get(value.casefold(), value.upper() if len(value) == 2 and value.isalpha() else "")
    if not code:
        raise Unfit(_("“%(value)s” is not a country we know. Write its two letters.") % {"value": value[:40]})
    return code


def stage(value):
    known = _STAGES | {str(label).casefold(): key for key, label in Contact.Stage.choices}
    if value.casefold() not in known:
        names = ", ".join(str(label) for _key, label in Contact.Stage.choices)
        raise Unfit(
            _("“%(value)s” is no lifecycle stage. There are: %(names)s.") % {"value": value[:40], "names": names}
        )
    return known[value.casefold()]


def yes_no(value):
    if value.casefold() not in _YES | _NO:
        raise Unfit(_("“%(value)s” is neither yes nor no.") % {"value": value[:40]})
    return value.casefold() in _YES


def tags(value):
    parts = value.replace(" ::: ", ",").replace(";", ",").split(",")
    return list(dict.fromkeys(p.strip(" *")[:60] for p in parts if p.strip(" *")))


def names(value):
    """Several names in one cell, as HubSpot writes the companies of a person."""
    found = [part.strip() for part in value.replace(" ::: ", ";").split(";") if part.strip()]
    for name in found:
        text(200)(name)
    return found


def digits_of(*lengths):
    """A cleaner of numbers that have that many digits, blanks and dashes aside."""

    def clean(value):
        plain = re.sub(r"[\s\-]", "", value)
        if not plain.isascii() or not plain.isdigit() or len(plain) not in lengths:
            raise Unfit(
                _("“%(value)s” does not have %(n)s digits.") % {"value": value[:40], "n": " / ".join(map(str, lengths))}
            )
        return plain

    return clean


def number(value):
    """A whole number, thousands apart by blanks or not."""
    plain = re.sub(r"[\s\u00a0,]", "", value.removesuffix(".0"))
    if not plain.isascii() or not plain.isdigit() or len(plain) > 9:
        raise Unfit(_("“%(value)s” is not a whole number.") % {"value": value[:40]})
    return int(plain)


def inn(value):
    """A taxpayer number: digits of an INN, or a VAT ID with its letters."""
    plain = re.sub(r"[\s.\-]", "", value).upper()
    if plain.isdigit() and len(plain) in {9, 11}:
        plain = "0" + plain  # spreadsheets drop the zero in front
    if not 8 <= len(plain) <= 20 or len(digits(plain)) < 6 or not plain.isalnum():
        raise Unfit(_("“%(value)s” is not an INN or VAT ID.") % {"value": value[:40]})
    return plain


def domain(value):
    """A website as its host: no scheme, path or “www.”; lower case."""
    host = re.sub(r"^[a-z]+://", "", value.strip().casefold()).split("/")[0].split("?")[0].removeprefix("www.")
    if "." not in host or " " in host or len(host) > 200:
        raise Unfit(_("“%(value)s” is not a website.") % {"value": value[:80]})
    return host


def email(value):
    found = norm_email(value.strip(" '<>").removeprefix("mailto:"))
    if not found or " " in found or len(found) > 254 or "." not in found.rpartition("@")[2]:
        raise Unfit(_("“%(value)s” is not an email address.") % {"value": value[:80]})
    return found


def _date(value):
    """The day; None when it is none. A time behind it does not count."""
    found = _DAY.match(value)
    if not found:
        return None
    year, _mark, month, day_, last_day, _mark, last_month, last_year = found.groups()
    if last_year:
        year, month, day_ = last_year, last_month, last_day
    year = int(year)
    if len(last_year or "    ") == 2:
        year += 1900 if year > 68 else 2000
    try:
        return date(year, int(month), int(day_))
    except ValueError:
        return None
