"""The name in a greeting. A letter with a wrong name is the worst advertisement: in doubt there is none."""

import re
import unicodedata
from functools import lru_cache

from crm.text import sort_key

_BLANK_LIKE = {
    "",
    "-",
    "—",
    "–",
    "null",
    "none",
    "nil",
    "n/a",
    "na",
    "undefined",
    "unknown",
    "test",
    "тест",
    "нет",
    "?",
    ".",
}
_ROLES = {
    "admin", "administrator", "info", "sales", "support", "office", "hello", "mail", "contact", "team", "shop", "service",
    "customer", "client", "user", "company", "директор", "менеджер", "бухгалтерия", "офис", "клиент", "админ", "отдел",
}  # fmt: skip
_LETTERS = re.compile(r"^[^\W\d_]+(?:[-'’ ][^\W\d_]+)*$")
LONGEST = 40


def greeting_name(contact, language):
    """The name to greet a person by, or "" when there is none that is safe to use.

    In Russian that is the first name with the patronymic, when both are usable. A name in capitals is written
    as names are. Refused: blank-like words, roles, addresses, digits, emoji, mark-up, template code, mixed
    alphabets, more than 40 characters.
    """
    first = usable_name(contact.first_name)
    if not first:
        return ""
    middle = usable_name(contact.middle_name)
    if language == "ru" and middle and _is_patronymic(middle):
        return f"{first} {middle}"
    return first


@lru_cache(maxsize=4096)
def usable_name(raw):
    """The name in its proper case when it can be one, else ""."""
    text = unicodedata.normalize("NFC", raw or "").strip(" \t\u00a0")
    if len(text) > LONGEST or len(text) < 2 or sort_key(text) in _BLANK_LIKE | _ROLES:
        return ""
    if not _LETTERS.match(text) or _mixes_alphabets(text) or len(text.split()) > 3:
        return ""
    if text.isupper() or text.islower():
        text = "-".join(part.capitalize() for part in text.split("-"))
        text = " ".join(part[:1].upper() + part[1:] for part in text.split(" "))
    # Three equal letters in a row, or none that sounds: nobody is called that.
    if re.search(r"(.)\1\1", text.casefold()) or not re.search(r"[aeiouyаеёиоуыэюяіїє]", sort_key(text)):
        return ""
    return text


def _mixes_alphabets(text):
    alphabets = {unicodedata.name(c, "?").split(" ")[0] for c in text if c.isalpha()}
    return len(alphabets) > 1


def _is_patronymic(text):
    return sort_key(text).endswith(("ович", "евич", "ич", "овна", "евна", "ична", "инична"))
