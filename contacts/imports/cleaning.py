"""One line of a file as clean values, or the reasons why not."""

import re
from dataclasses import dataclass, field
from datetime import date

from django.utils.translation import gettext as _

from crm.text import norm_email, norm_phone

_LENGTHS = {
    "first_name": 100, "last_name": 100, "middle_name": 100, "job_title": 150, "company": 200, "city": 100, "region": 100,
    "street": 200, "postcode": 20, "source": 100,
}  # fmt: skip
# 1984-05-31, 1984/05/31 and 19840531, a time behind it or not; 31.05.1984, 31/05/1984 and 31.05.84.
_DAY = re.compile(r"(\d{4})([-/]|(?=\d{4}$))(\d{1,2})\2(\d{1,2})(?:[T ].*)?$|(\d{1,2})([./])(\d{1,2})\6(\d{4}|\d{2})$")
_LANGUAGES = {
    "english": "en",
    "английский": "en",
    "russian": "ru",
    "русский": "ru",
    "german": "de",
    "deutsch": "de",
    "немецкий": "de",
}
_COUNTRIES = {"россия": "RU", "russia": "RU", "russian federation": "RU", "germany": "DE", "deutschland": "DE", "германия": "DE",
              "united states": "US", "usa": "US", "сша": "US", "united kingdom": "GB", "france": "FR", "kazakhstan": "KZ",
              "казахстан": "KZ", "belarus": "BY", "беларусь": "BY", "austria": "AT", "switzerland": "CH", "poland": "PL"}  # fmt: skip


@dataclass
class CleanRow:
    """Values by field; `phone` and `email` also as norms; `reasons` is empty when the row can be taken."""

    line: int
    cells: list
    values: dict = field(default_factory=dict)
    email: str = ""
    phone: str = ""
    reasons: list = field(default_factory=list)


def clean(line, cells, columns, region):
    """Clean one line. `columns` are (index, field); `region` is where phones without + belong."""
    row = CleanRow(line, cells)
    width = len(cells)
    raw = {name: cells[i].strip() for i, name in columns if i < width}
    if "\ufffd" in "".join(raw.values()):
        row.reasons.append(_("Some characters cannot be read: the file mixes encodings. Save it as UTF-8."))
    _names(row, raw)
    for name, limit in _LENGTHS.items():
        if value := raw.get(name):
            if len(value) > limit:
                row.reasons.append(_("%(field)s is longer than %(n)s characters.") % {"field": name, "n": limit})
            else:
                row.values[name] = value
    _addresses(row, raw, region)
    _small_fields(row, raw)
    if not row.reasons and not (row.email or row.phone or row.values.get("first_name") or row.values.get("last_name")):
        row.reasons.append(_("There is neither a name nor an email nor a phone."))
    return row


def _names(row, raw):
    """A full name cut into parts: Russian order when it ends in a patronymic, else first and last."""
    words = raw.pop("full_name", "").split()
    if not words or raw.get("first_name") or raw.get("last_name"):
        return
    if len(words) == 3 and words[2].casefold().endswith(("вич", "вна", "ична", "ьич")):
        raw["last_name"], raw["first_name"], raw["middle_name"] = words
    elif len(words) == 1:
        raw["first_name"] = words[0]
    else:
        raw["first_name"], raw["last_name"] = words[0], " ".join(words[1:])


def _addresses(row, raw, region):
    # Several addresses in one cell are common; the first counts, what spreadsheets add to keep a formula off goes.
    if value := raw.get("email", "").split(";")[0].split(",")[0].strip(" '<>"):
        row.email = norm_email(value.removeprefix("mailto:"))
        if not row.email or " " in row.email or len(row.email) > 254 or "." not in row.email.rpartition("@")[2]:
            row.reasons.append(_("“%(value)s” is not an email address.") % {"value": value[:80]})
            row.email = ""
    if value := raw.get("phone", "").split(";")[0].split(" ::: ")[0].strip(" '"):
        row.phone = norm_phone(value, region)
        if not row.phone:
            row.reasons.append(_("“%(value)s” is not a phone number.") % {"value": value[:80]})
        row.values["phone"] = value[:40]


def _small_fields(row, raw):
    if value := raw.get("birthday_on"):
        day = _date(value)
        if day is None or not date(1900, 1, 1) <= day <= date.today():
            row.reasons.append(
                _("“%(value)s” is not a birthday. Write it like 1984-05-31 or 31.05.1984.") % {"value": value[:40]}
            )
        else:
            row.values["birthday_on"] = day
    if value := raw.get("language"):
        row.values["language"] = _LANGUAGES.get(value.casefold(), value[:2].lower())
    if value := raw.get("country"):
        code = _COUNTRIES.get(value.casefold(), value.upper() if len(value) == 2 else "")
        if code:
            row.values["country"] = code
        else:
            row.reasons.append(
                _("“%(value)s” is not a country we know. Write its two letters.") % {"value": value[:40]}
            )
    if value := raw.get("tags"):
        parts = value.replace(" ::: ", ",").replace(";", ",").split(",")
        row.values["tags"] = list(dict.fromkeys(p.strip(" *")[:60] for p in parts if p.strip(" *")))
    if value := raw.get("note"):
        row.values["note"] = value[:20000]


def _date(text):
    """The day, written with the year first or last; None when it is none. A time behind it does not count."""
    found = _DAY.match(text)
    if not found:
        return None
    year, _mark, month, day, last_day, _mark, last_month, last_year = found.groups()
    if last_year:
        year, month, day = last_year, last_month, last_day
    year = int(year)
    if len(last_year or "    ") == 2:
        year += 1900 if year > 68 else 2000
    try:
        return date(year, int(month), int(day))
    except ValueError:
        return None
