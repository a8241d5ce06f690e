"""Normal forms of text: the same on every server, whatever its locale."""

import re
import unicodedata
from functools import lru_cache

import idna
import phonenumbers

# Line ends of every kind, NUL and the other controls, marks that turn the direction of text.
CONTROLS = re.compile("[\x00-\x1f\x7f\x80-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
_DIGITS = re.compile(r"\d+")
_NO_DIGITS = re.compile(r"[^0-9]+")
_BLANKS = re.compile(r"\s+")


@lru_cache(maxsize=4096)  # an import asks for each name several times
def sort_key(text, *, limit=200):
    """Key by which people sort and search names: casefolded, accents off, ё as е, digits padded to six.

    >>> sort_key("Ёж 12"), sort_key("Élan  7")
    ('еж 000012', 'elan 000007')
    """
    folded = _BLANKS.sub(" ", (text or "").strip()).casefold()
    if folded.isascii():
        return _DIGITS.sub(lambda m: m.group().zfill(6), folded)[:limit]
    folded = unicodedata.normalize("NFKD", folded)
    # й is и with a breve: taking the breve off would make two letters one.
    kept = "".join(c for c in folded if not unicodedata.combining(c) or c == "\u0306")
    plain = unicodedata.normalize("NFC", kept)
    return _DIGITS.sub(lambda m: m.group().zfill(6), plain)[:limit]


def norm_email(value):
    """Lower-case address without surrounding blanks; "" when there is no address in it.

    A domain in other letters takes the form in which it travels: почта@пример.рф is почта@xn--e1afmkfd.xn--p1ai. What
    stands behind a plus belongs to the address and stays.
    """
    value = (value or "").strip().lower()
    if "@" not in value[1:-1]:
        return ""
    if value.isascii():
        return value
    local, _at, domain = value.rpartition("@")
    try:
        return f"{local}@{idna.encode(domain, uts46=True).decode()}"
    except idna.IDNAError:
        return value


def norm_phone(value, region="RU"):
    """E.164 form of a phone, or "" when it is not a possible number. `region` is used when no + is given.

    Spreadsheets drop the plus: digits that are a number only with it are taken so.
    """
    value = (value or "")[:40]
    number = _parsed(value, region)
    if "+" not in value and (number is None or not phonenumbers.is_valid_number(number)):
        abroad = _parsed(f"+{digits(value)}", None)
        if abroad is not None and phonenumbers.is_valid_number(abroad):
            number = abroad
    # Some plans allow two digits: inside a company, not for us.
    if number is None or number.national_number < 10_000 or not phonenumbers.is_possible_number(number):
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _parsed(value, region):
    try:
        return phonenumbers.parse(value, region)
    except phonenumbers.NumberParseException:
        return None


def digits(value):
    """Only the digits of a text."""
    return _NO_DIGITS.sub("", value or "")


def digits_reversed(value):
    """Digits from the last to the first: a prefix of it finds a phone by its last digits with an index."""
    return digits(value)[::-1]
