"""Check digits of company, tax and bank numbers. Every function takes text and returns what is wrong, or ""."""

import re

from django.utils.translation import gettext as _
from stdnum import bic as stdnum_bic
from stdnum import iban as stdnum_iban
from stdnum.eu import vat
from stdnum.exceptions import InvalidChecksum, InvalidFormat, InvalidLength, ValidationError
from stdnum.ru import inn as stdnum_inn
from stdnum.ru import ogrn as stdnum_ogrn

_BLANKS = re.compile(r"[\s\u00a0.\-/]+")
_KPP = re.compile(r"[0-9]{4}[0-9A-Z]{2}[0-9]{3}")
# Weights of the check sum of Russian accounts: Bank of Russia, order 515 of 8 September 1997.
_WEIGHTS = (7, 1, 3)


def compact(value):
    """Without blanks and the marks people put between digits; letters large."""
    return _BLANKS.sub("", value or "").upper()


def wrong_inn(value):
    """A taxpayer number of 10 digits (firms) or 12 (people)."""
    if len(value) not in {10, 12} or not value.isdecimal():
        return _("An INN has 10 digits (12 for a person). Check what was typed.")
    return _checked(stdnum_inn, value, _("The check digit of this INN does not fit. Look for a wrong digit."))


def wrong_kpp(value):
    """The reason of registration: four digits, two digits or letters, three digits."""
    return "" if _KPP.fullmatch(value) else _("A KPP has 9 characters, like 770701001.")


def wrong_ogrn(value):
    """A registration number of 13 digits (firms) or 15 (sole traders)."""
    if len(value) not in {13, 15} or not value.isdecimal():
        return _("An OGRN has 13 digits, an OGRNIP 15. Check what was typed.")
    return _checked(stdnum_ogrn, value, _("The check digit of this OGRN does not fit. Look for a wrong digit."))


def wrong_vat(value):
    """A VAT ID of the European Union with its country; those of other countries are taken as they are."""
    if value[:2] not in _VAT_COUNTRIES:
        return ""
    return "" if vat.is_valid(value) else _("The check sum of this VAT ID does not fit. Look for a wrong character.")


_VAT_COUNTRIES = {code.upper() for code in vat.MEMBER_STATES} | {"EL", "XI"}


def wrong_bik(value):
    """The number of a Russian bank."""
    ok = len(value) == 9 and value.isdecimal() and value.startswith(("04", "00", "01", "02"))
    return "" if ok else _("A BIK has 9 digits, like 044525225.")


def wrong_account(value, bik, *, correspondent=False):
    """A Russian account, whose check digit depends on the bank's number."""
    if len(value) != 20 or not value.isdecimal():
        return _("An account has 20 digits. Check what was typed.")
    if wrong_bik(bik):
        return _("Write the BIK first: the account is checked against it.")
    # Accounts of the Bank of Russia itself carry the code of its division.
    own = correspondent or bik[6:9] in {"000", "001", "002"}
    digits = ("0" + bik[4:6] if own else bik[6:9]) + value
    total = sum(int(digit) * _WEIGHTS[place % 3] % 10 for place, digit in enumerate(digits))
    return "" if total % 10 == 0 else _("The account does not fit the BIK. Look for a wrong digit in one of the two.")


def wrong_iban(value):
    """An international account: form of its country and remainder 1 modulo 97 (ISO 13616)."""
    return _checked(stdnum_iban, value, _("The check sum of this IBAN does not fit. Look for a wrong character."))


def wrong_bic(value):
    """The code of a bank, 8 or 11 characters (ISO 9362)."""
    return "" if stdnum_bic.is_valid(value) else _("A BIC has 8 or 11 characters, like DEUTDEFF.")


def _checked(module, value, words):
    try:
        module.validate(value)
    except (InvalidFormat, InvalidLength):
        return _("This number has not the right form. Check what was typed.")
    except (InvalidChecksum, ValidationError):
        return words
    return ""
