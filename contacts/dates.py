"""Birthdays: people often tell the day and not the year."""

import re
from datetime import date

from django.utils import formats
from django.utils.dates import MONTHS

# A leap year that nobody's customer was born in: it stands for "unknown".
NO_YEAR = 1904
_ISO = re.compile(r"(?:(\d{4})|-)-(\d{1,2})-(\d{1,2})")
_POINTS = re.compile(r"(\d{1,2})[./](\d{1,2})(?:[./](\d{4}))?\.?")
_WORDS = re.compile(r"(\d{1,2})\.?\s+([^\W\d]+)\.?(?:\s+(\d{4}))?")


def read_birthday(text):
    """(date, has_year) out of "1980-03-05", "--03-05", "5.3.1980", "05.03", "5 March". Raises ValueError."""
    text = text.strip()
    if found := _ISO.fullmatch(text):
        year, month, day = found.groups()
    elif found := _POINTS.fullmatch(text):
        day, month, year = found.groups()
    elif found := _WORDS.fullmatch(text):
        day, word, year = found.groups()
        month = _month(word)
    else:
        raise ValueError(text)
    born = date(int(year or NO_YEAR), int(month), int(day))
    if born > date.today() or (year and born.year < 1900):
        raise ValueError(text)
    return born, bool(year)


def _month(word):
    """The number of a month by its name in the reader's language or by the first three letters of it."""
    start = word.casefold()[:3]
    # Russian declines months: "мая" is "май".
    start = {"мая": "май"}.get(start, start)
    names = {number: {str(name).casefold()[:3], _ENGLISH[number - 1]} for number, name in MONTHS.items()}
    for number, starts in names.items():
        if start in starts:
            return number
    raise ValueError(word)


_ENGLISH = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def birthday_words(born, has_year):
    """The day as people write it, with the year where it is known; "" for none."""
    if not born:
        return ""
    return formats.date_format(born, "j E Y" if has_year else "j E")
