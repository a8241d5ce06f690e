"""Bytes as text, whatever charset a letter names, misnames or leaves out. Never raises; what cannot be read is replaced."""

import re

# What mail programs say and what they mean: the table of the web (WHATWG Encoding), as far as Python differs from it.
_MEANT = {
    "iso-8859-1": "cp1252", "latin1": "cp1252", "l1": "cp1252", "iso-8859-9": "cp1254", "iso-8859-11": "cp874",
    "gb2312": "gb18030", "gbk": "gb18030", "x-gbk": "gb18030", "shift_jis": "cp932", "x-sjis": "cp932",
    "windows-31j": "cp932", "euc-kr": "cp949", "ks_c_5601-1987": "cp949", "iso-8859-6-i": "iso-8859-6",
    "iso-8859-6-e": "iso-8859-6", "iso-8859-8-i": "iso-8859-8", "iso-8859-8-e": "iso-8859-8", "windows-874": "cp874",
    "x-mac-cyrillic": "mac-cyrillic", "x-mac-roman": "mac-roman", "unicode-1-1-utf-7": "utf-7",
}  # fmt: skip
# Names that say nothing about bytes over 127.
_SAYS_NOTHING = {"us-ascii", "ascii", "unknown-8bit", "8bit", "binary"}
_PREFIX = re.compile(r"^(x-|win-|windows-)?(cp-?)?(?=\d{3,4}$)")
_RUNS = re.compile(rb"[A-Za-z\x80-\xff]+")
_HIGH = re.compile(rb"[\x80-\xff]")
_LATIN = re.compile(rb"[A-Za-z]")
_CYRILLIC = ("koi8-r", "cp1251", "cp866")
# Russian letters from the most used to the least.
_WEIGHT = {letter: 32 - place for place, letter in enumerate("оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъ")}
_UPSIDE_DOWN = re.compile(r"[а-я][А-Я]")


def decoded(payload, charset):
    """Bytes in the named charset; an unknown, missing or wrong one is guessed."""
    name = (charset or "").strip().strip("\"'").lower()
    if name and name not in _SAYS_NOTHING:
        for codec in dict.fromkeys([_MEANT.get(name, name), _PREFIX.sub("cp", name), name]):
            try:
                return payload.decode(codec).encode("utf-8", "replace").decode("utf-8")
            except (LookupError, ValueError):  # some of Python's own codecs raise plain UnicodeError
                continue
    return guessed(payload)


def guessed(payload):
    """UTF-8 when it is, or nearly; else Western when letters over 127 stand inside words of Latin ones; else Cyrillic."""
    try:
        return payload.decode("utf-8")
    except UnicodeDecodeError:
        pass
    nearly = payload.decode("utf-8", errors="replace")
    if nearly.count("\ufffd") * 4 < sum(c > "\x7f" for c in nearly):
        return nearly
    runs = [run for run in _RUNS.findall(payload[:50_000]) if _HIGH.search(run)]
    mixed = sum(1 for run in runs if _LATIN.search(run))
    if mixed > sum(1 for run in runs if len(run) > 1) - mixed:
        return _western(payload)
    readings = [payload.decode(charset, errors="replace") for charset in _CYRILLIC]
    best = max(readings, key=lambda text: _likeness(text[:5_000]))
    return best if any("а" <= c.lower() <= "я" for c in best) else _western(payload)


def _likeness(text):
    """How much a reading looks like Russian: letters in use, and no words like "мЕ", which the wrong charset makes."""
    return sum(_WEIGHT.get(c, 0) for c in text.lower()) - 60 * len(_UPSIDE_DOWN.findall(text))


def _western(payload):
    try:
        return payload.decode("cp1252")
    except UnicodeDecodeError:
        return payload.decode("latin-1")
