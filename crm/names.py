"""The name in a greeting. A letter with a wrong name is the worst advertisement: in doubt there is none."""

import re
import unicodedata
from functools import lru_cache

from django.utils.translation import gettext_lazy as _

from crm.text import sort_key

LONGEST = 40
# Why a name is not used in a greeting: what to look at and put right.
DOUBTS = {
    "missing": _("no first name"),
    "placeholder": _("a word that stands for no name"),
    "role": _("a department or a role instead of a person"),
    "company": _("a company instead of a person"),
    "address": _("an address in the field of the name"),
    "title": _("a form of address instead of the name"),
    "several": _("several people or the full name in one field"),
    "swapped": _("first and last name look swapped"),
    "alphabets": _("letters of two alphabets"),
    "signs": _("digits or signs that no name has"),
    "long": _("longer than a name"),
    "odd": _("nobody is spelled so"),
}
_PLACEHOLDERS = {
    "", "-", "—", "–", "?", ".", "null", "none", "nil", "n/a", "na", "nan", "undefined", "unknown", "anonymous", "noname",
    "no name", "name", "first name", "firstname", "guest", "test", "tester", "testuser", "test test", "foo", "bar", "abc",
    "asdf", "asdasd", "qwe", "qwerty", "dear", "нет", "тест", "тестовый", "тест тест", "имя", "без имени", "имя не указано",
    "не указано", "аноним", "неизвестно", "гость", "йцукен", "фыва", "фывапролд", "абв", "хз",
}  # fmt: skip
_ROLES = {
    "admin", "administrator", "info", "sales", "support", "office", "hello", "mail", "contact", "team", "shop", "service",
    "customer", "client", "user", "company", "reception", "accounting", "billing", "marketing", "purchasing", "hr", "manager",
    "director", "secretary", "webmaster", "postmaster", "noreply", "директор", "менеджер", "бухгалтерия", "бухгалтер", "офис",
    "клиент", "админ", "администратор", "отдел", "приемная", "секретарь", "закупки", "снабжение", "поддержка", "продажи",
    "магазин", "склад",
}  # fmt: skip
_LEGAL_FORMS = {
    "ооо", "оао", "зао", "ао", "пао", "ип", "тоо", "гуп", "муп", "фгуп", "нко", "llc", "ltd", "gmbh", "inc", "corp", "ag", "bv",
    "oy", "srl", "plc", "kg",
}  # fmt: skip
_TITLES = {
    "mr", "mrs", "ms", "miss", "dr", "prof", "herr", "frau", "sir", "madam", "г-н", "г-жа", "господин", "госпожа", "уважаемый",
    "уважаемая", "тов",
}  # fmt: skip
# Given names that often land in the field of the last name, when a table has them the other way round.
_GIVEN_RU = frozenset(re.findall(r"\w+", """александр александра алексей алена алина алла анастасия анатолий андрей анна антон антонина арина аркадий артем артур
    борис вадим валентин валентина валерий валерия варвара василий вера вероника виктор виктория виталий владимир владислав
    вячеслав галина геннадий георгий глеб григорий дарья денис дмитрий евгений евгения егор екатерина елена елизавета жанна
    захар зоя иван игорь илья инна ирина карина кирилл константин кристина ксения лариса леонид лидия лилия любовь людмила
    маргарита марина мария максим матвей михаил надежда наталия наталья никита николай нина оксана олег олеся ольга павел петр
    полина раиса роман руслан светлана семен сергей снежана софия софья станислав степан тамара татьяна тимофей тимур ульяна
    федор филипп эдуард элина эльвира эмма юлия юрий яков ян яна ярослав"""))  # fmt: skip
_SURNAME_RU = re.compile(r"(ов|ова|ев|ева|ин|ина|ын|ына|ский|ская|цкий|цкая|енко|чук|юк|ян|дзе|швили|ко)$")
_PATRONYMIC_RU = re.compile(r"(ович|евич|ьич|иевич|ич|овна|евна|ична|инична|кызы|оглы)$")
_LETTERS = re.compile(r"^[^\W\d_]+(?:[-'’ ][^\W\d_]+)*$")
_ADDRESS = re.compile(r"@|https?:|www\.|\.(ru|com|net|org|рф)\b", re.IGNORECASE)
_SEVERAL = re.compile(r"[&/+,;]|\b(and|und|и)\b", re.IGNORECASE)
_VOWELS = re.compile(r"[aeiouyаеёиоуыэюяіїє]")


def greeting_name(contact, language):
    """The name to greet a person by, or "" when there is none that is safe to use.

    In Russian that is the first name with the patronymic, when both are usable: so people are addressed formally.
    A name in capitals is written as names are. Whatever `doubt_about` finds is not used.
    """
    if doubt_about(contact):
        return ""
    first, middle = usable_name(contact.first_name), usable_name(contact.middle_name)
    if language == "ru" and middle and _PATRONYMIC_RU.search(sort_key(middle)):
        return f"{first} {middle}"
    return first


def doubt_about(contact):
    """Why this person is not greeted by name: a key of DOUBTS, or "" when the name can be used."""
    return _doubt(contact.first_name) or ("swapped" if _is_swapped(contact) else "")


def doubt_of_last_name(raw):
    """What is wrong with a last name that stands there: "signs", "alphabets", "address", "placeholder", or ""."""
    text = _clean(raw)
    if _ADDRESS.search(text):
        return "address"
    if sort_key(text) in _PLACEHOLDERS:
        return "placeholder"
    if not _LETTERS.match(text):
        return "signs"
    return "alphabets" if _mixes_alphabets(text) else ""


@lru_cache(maxsize=4096)
def usable_name(raw):
    """The name in its proper case when it can be one, else ""."""
    if _doubt(raw):
        return ""
    text = _clean(raw)
    if text.isupper() or text.islower():
        text = "-".join(part.capitalize() for part in text.split("-"))
        text = " ".join(part[:1].upper() + part[1:] for part in text.split(" "))
    return text


def _clean(raw):
    return unicodedata.normalize("NFC", raw or "").strip(" \t\u00a0")


@lru_cache(maxsize=4096)
def _doubt(raw):
    """What is wrong with the text of a first name by itself."""
    text = _clean(raw)
    key = sort_key(text)
    words = key.replace(".", " ").split()
    if not text:
        return "missing"
    if len(text) > LONGEST:
        return "long"
    if key in _PLACEHOLDERS:
        return "placeholder"
    if _ADDRESS.search(text):
        return "address"
    if _LEGAL_FORMS.intersection(words):
        return "company"
    if _ROLES.intersection(words):
        return "role"
    if words and words[0] in _TITLES:
        return "title"
    if _SEVERAL.search(text) or _is_full_name(words):
        return "several"
    if not _LETTERS.match(text):
        return "signs"
    if _mixes_alphabets(text):
        return "alphabets"
    # Three equal letters in a row, none that sounds, one letter: nobody is called that.
    if len(text) < 2 or re.search(r"(.)\1\1", text.casefold()) or not _VOWELS.search(key):
        return "odd"
    return ""


def _is_full_name(words):
    return len(words) > 3 or (len(words) > 1 and any(_PATRONYMIC_RU.search(word) for word in words))


def _is_swapped(contact):
    """A patronymic or a family name stands first, and a given name where the family name should be."""
    first, last = sort_key(_clean(contact.first_name)), sort_key(_clean(contact.last_name))
    if first in _GIVEN_RU or not re.search(r"[а-я]", first):
        return False
    return bool(_PATRONYMIC_RU.search(first) or (last in _GIVEN_RU and _SURNAME_RU.search(first)))


def _mixes_alphabets(text):
    alphabets = {unicodedata.name(c, "?").split(" ")[0] for c in text if c.isalpha()}
    return len(alphabets) > 1
