"""A person's name that stands in one column, cut into its parts."""

import re

from crm.text import sort_key

_PATRONYMIC = re.compile(r"(?:[оеё]вич|ич|[оеё]вна|ична|инична|оглы|кызы)$", re.IGNORECASE)
_SURNAME = re.compile(
    r"(?:[оеё]в|[иы]н|ск(?:ий|ой)|цк(?:ий|ой)|[оеё]ва|[иы]на|ская|цкая|енко|чук|ян|швили|дзе|ых|их)$", re.IGNORECASE
)
_CYRILLIC = re.compile("[А-Яа-яЁё]")
# The first names that look like surnames, by which “Имя Фамилия” is told from “Фамилия Имя”.
_FIRST = {
    "анна", "марина", "ирина", "екатерина", "полина", "алина", "нина", "карина", "кристина", "галина", "валентина",
    "константин", "валентин", "мартин", "августин", "лев", "яков", "ян", "вениамин", "ангелина", "сабина", "арина",
    "дарина", "регина", "василина", "мирослава", "ярослав", "лина", "дина", "милана", "эвелина", "злата",
}  # fmt: skip
_TITLES = {
    "mr",
    "mrs",
    "ms",
    "miss",
    "dr",
    "prof",
    "herr",
    "frau",
    "mme",
    "m",
    "г н",
    "г жа",
    "господин",
    "госпожа",
    "д р",
}
_ENDINGS = {"jr", "sr", "ii", "iii", "iv", "phd", "md", "mba", "esq"}
_PARTICLES = {
    "van", "von", "der", "den", "de", "del", "della", "di", "da", "dos", "du", "la", "le", "el", "bin", "ibn", "al", "ter",
    "ten", "zu", "фон", "ван", "де", "дер", "да", "ди",
}  # fmt: skip


def parts(text):
    """{"first_name", "middle_name", "last_name"} of a whole name; what is not known is "".

    A patronymic tells the order in Russian, else the form of the surname; elsewhere the first name stands first, and
    “Lee, Anna” is turned round. Titles and endings such as “Dr.” and “Jr.” are left out.
    """
    before, comma, after = text.partition(",")
    if comma and after.strip() and sort_key(after.strip(" .")) not in _ENDINGS:
        last, first = _words(before), _words(after)
        patronymic = [word for word in first[1:] if _is_patronymic(word)]
        return _parts(" ".join(w for w in first if w not in patronymic), " ".join(patronymic), " ".join(last))
    words = _words(before)
    if len(words) < 2:
        return _parts(" ".join(words))
    return _russian(words) if _CYRILLIC.search(text) else _western(words)


def _words(text):
    words = text.split()
    while len(words) > 1 and sort_key(words[0].replace(".", " ").replace("-", " ")).strip() in _TITLES:
        words = words[1:]
    while len(words) > 1 and sort_key(words[-1].replace(".", "")) in _ENDINGS:
        words = words[:-1]
    return words


def _russian(words):
    at = next((i for i, word in enumerate(words) if i and _is_patronymic(word)), None)
    if at is None:
        first_is_last = _is_surname(words[0]) and not _is_surname(words[1]) and len(words) == 2
        return _parts(words[1], "", words[0]) if first_is_last else _western(words)
    # “оглы” and “кызы” belong to the word before them.
    start = at - 1 if sort_key(words[at]) in {"оглы", "кызы"} and at > 1 else at
    middle, before, after = " ".join(words[start : at + 1]), words[:start], words[at + 1 :]
    if after or len(before) < 2:
        return _parts(" ".join(before), middle, " ".join(after))
    return _parts(before[-1], middle, " ".join(before[:-1]))


def _western(words):
    """First name, what stands between when it is an initial, and the rest with its particles."""
    first, rest = words[0], words[1:]
    middle = ""
    if len(rest) > 1 and re.fullmatch(r"[^\W\d_]\.?", rest[0]) and rest[0].casefold() not in _PARTICLES:
        middle, rest = rest[0], rest[1:]
    return _parts(first, middle, " ".join(rest))


def _is_patronymic(word):
    return bool(_PATRONYMIC.search(word)) and len(word) > 4 or sort_key(word) in {"оглы", "кызы"}


def _is_surname(word):
    return bool(_SURNAME.search(word)) and sort_key(word) not in _FIRST


def _parts(first="", middle="", last=""):
    return {"first_name": first, "middle_name": middle, "last_name": last}
