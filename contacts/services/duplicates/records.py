"""Values as they are compared: folded, in columns, with the sound of names."""

import re
from functools import cache

from contacts.services.duplicates.names import latin, without_legal_form, without_patronymic
from crm.text import digits, norm_email, sort_key

FIELDS = (
    "given_name", "surname", "street_number", "address_1", "address_2", "suburb", "postcode", "state",
    "date_of_birth", "email", "phone", "company",
)  # fmt: skip
# Letters that are taken for each other, as in Soundex, for both alphabets; vowels and the weak ones are left out.
_SOUNDS = {
    letter: str(code)
    for code, letters in enumerate(("bpfvбпфв", "cgjkqsxzгкхсзцжшщч", "dtдт", "lл", "mnмн", "rр"), start=1)
    for letter in letters
}
_NO_WORD = re.compile(r"[\W_]+")
_CYRILLIC = re.compile(r"[а-яА-ЯёЁ]")
_NAMES = ("given_name", "surname")
_DAY_FIRST = re.compile(r"(\d{1,2})\D(\d{1,2})\D(\d{4})$")
_YEAR_FIRST = re.compile(r"(\d{4})\D(\d{1,2})\D(\d{1,2})")
# Phones are compared by their last digits: the country is written by one and left out by the other.
_PHONE = 9


class Table:
    """The records as lists, one a field, in the order given; "" where nothing is known."""

    def __init__(self, records):
        records = list(records)
        self.ids = [str(record["id"]) for record in records]
        for name in FIELDS:
            folded = cache(_FOLDS.get(name, _text))
            setattr(self, name, [folded(record.get(name) or "") for record in records])
        # Only where both alphabets meet does it matter how sounds of one are spelt in the other.
        self.is_mixed = any(_CYRILLIC.search(str(record.get(name) or "")) for record in records for name in _NAMES)

    def __len__(self):
        return len(self.ids)


def fold(name, value):
    """A value of a field as it is compared."""
    return _FOLDS.get(name, _text)(value)


def sound(text):
    """How a name begins to sound: its first letter and up to three consonants.

    >>> sound("meyer") == sound("meier"), sound("шмидт") == sound("шмит")
    (True, True)
    """
    codes, last = text[:1], _SOUNDS.get(text[:1], "")
    for letter in text[1:]:
        code = _SOUNDS.get(letter, "")
        if code and code != last:
            codes += code
        if letter not in "hwъь":
            last = code
    return codes[:4]


def _words(value):
    return _NO_WORD.sub(" ", sort_key(str(value), limit=120)).strip()


def _text(value):
    return latin(_words(value))


def _given(value):
    return without_patronymic(_text(value))


def company_key(value):
    """A company's name as it is compared."""
    return latin(without_legal_form(_words(value)))


def _day(value):
    """Digits in the order year, month, day, whatever was written; also of days that do not exist."""
    value = str(value).strip()
    if found := _DAY_FIRST.match(value):
        return f"{found[3]}{found[2]:0>2}{found[1]:0>2}"
    if found := _YEAR_FIRST.match(value):
        return f"{found[1]}{found[2]:0>2}{found[3]:0>2}"
    return digits(value)[:8]


def _number(value):
    """Letters and digits as they stand, without the zeros that sorting adds."""
    return _NO_WORD.sub("", str(value).casefold())


_FOLDS = {
    "date_of_birth": _day,
    "given_name": _given,
    "company": company_key,
    "email": lambda value: norm_email(str(value)),
    "phone": lambda value: digits(str(value))[-_PHONE:],
    "street_number": _number,
    "postcode": _number,
    "state": _number,
}
