"""What only the program can tell of the texts of a record: names, phones, numbers with check digits.

A fact is a code, kept with the measured record, so that the database can weigh it without asking again. A fact with a
colon says more: "name:swapped" stands beside "name".
"""

import re
from functools import lru_cache

import phonenumbers

from contacts.numbers import compact, wrong_inn
from crm.names import doubt_about, doubt_of_last_name
from crm.text import norm_phone

# The columns that facts are read from; a change of any other column changes none.
CONTACT = ("first_name", "middle_name", "last_name", "email", "phone", "country")
COMPANY = ("name", "email", "phone", "country", "inn", "domain")
_EMAIL = re.compile(r"[^@\s,;:<>()\"\\]+@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+(?:[a-z]{2,}|xn--[a-z0-9-]+)")
_DOMAIN = re.compile(r"(?:https?://)?(?:[\w-]+\.)+[^\W\d_][\w-]+(?:[/?#].*)?", re.IGNORECASE)
_NO_COMPANY = re.compile(
    r"(?:test|тест|n/?a|none|null|нет|-+|\?+|\.+|asdf\w*|qwerty\w*|unknown|неизвестно|xxx+)", re.IGNORECASE
)


# The big domains as hurried fingers write them; nobody receives mail there.
SLIPS = {
    "gmial.com": "gmail.com", "gmai.com": "gmail.com", "gmal.com": "gmail.com", "gmail.co": "gmail.com", "gmail.con": "gmail.com",
    "gamil.com": "gmail.com", "hotmial.com": "hotmail.com", "hotmail.con": "hotmail.com", "yaho.com": "yahoo.com",
    "outlok.com": "outlook.com", "mail.ry": "mail.ru", "mali.ru": "mail.ru", "meil.ru": "mail.ru", "yandex.ry": "yandex.ru",
    "yadex.ru": "yandex.ru", "yandeks.ru": "yandex.ru", "ramler.ru": "rambler.ru",
}  # fmt: skip


def of_contact(person, region):
    """The facts of a person, sorted. `region` is the company's country, for a phone that names none."""
    found = set()
    if person.first_name or person.last_name:
        if doubt := doubt_about(person):
            found |= {"name", f"name:{doubt}"}
        if person.last_name and (doubt := doubt_of_last_name(person.last_name)):
            found |= {"last_name", f"last_name:{doubt}"}
        if any(_is_shouted(name) for name in (person.first_name, person.middle_name, person.last_name)):
            found.add("case")
    return sorted(found | _reach(person, region))


def of_company(company, region):
    """The facts of a company, sorted."""
    found = _reach(company, region)
    if _NO_COMPANY.fullmatch(company.name.strip()) or "@" in company.name:
        found.add("name")
    if company.inn and (company.country or region) == "RU" and wrong_inn(compact(company.inn)):
        found.add("inn")
    if company.domain and not _DOMAIN.fullmatch(company.domain.strip()):
        found.add("domain")
    return sorted(found)


def _reach(record, region):
    """What is wrong with the address and the phone."""
    found = set()
    if record.email and (not is_email(record.email) or record.email.rpartition("@")[2] in SLIPS):
        found.add("email")
    if record.phone:
        codes = regions_of(record.phone, record.country or region)
        if not codes:
            found.add("phone")
        elif record.country and record.country.upper() not in codes:
            found.add("phone_country")
    return found


def is_email(text):
    """Whether mail can be sent there, as far as its form tells."""
    return len(text) <= 254 and _EMAIL.fullmatch(text.strip().lower()) is not None and ".." not in text


@lru_cache(maxsize=8192)
def regions_of(phone, region):
    """The countries whose number a phone can be; empty when it is the number of none."""
    norm = norm_phone(phone, region)
    if not norm:
        return frozenset()
    number = phonenumbers.parse(norm)
    if not phonenumbers.is_valid_number(number):
        return frozenset()
    # Several countries share a code: +7 is Russia and Kazakhstan, +1 all of North America.
    return frozenset(phonenumbers.COUNTRY_CODE_TO_REGION_CODE[number.country_code])


def _is_shouted(name):
    """Written in capitals or without any, and longer than initials."""
    return len(name) > 2 and (name.isupper() or name.islower())
