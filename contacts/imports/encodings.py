"""In which encoding a text file is written, found out by reading it once in pieces."""

import codecs
import re

# The encodings a person may choose from, the usual ones of Russian and Western files.
ENCODINGS = [
    "utf-8",
    "utf-8-sig",
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "cp1251",
    "cp1252",
    "koi8-r",
    "cp866",
    "mac-cyrillic",
]
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_PIECE = 1024 * 1024
_WORD = re.compile("[А-ЯЁ]?[а-яё]{2,}|[А-ЯЁ]{3,}")
_LONE_CYRILLIC = re.compile("(?<=[A-Za-z])[А-Яа-яЁё]{1,2}(?=[A-Za-z])")
_CYRILLIC_WORD = re.compile("[А-Яа-яЁё]{3,}")
# The most frequent letters of Russian: a wrong table makes the rare ones frequent.
_FREQUENT = set("оеаинтсрвл")


def encoding_of(file, head):
    """The encoding of a binary file; `head` are its first bytes."""
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    if wide := _utf_16_without_mark(head):
        return wide
    if _is_utf8(file):
        return "utf-8"
    cyrillic = max(("cp1251", "koi8-r", "cp866", "mac-cyrillic"), key=lambda name: _russian(head, name))
    text = head.decode("cp1251", errors="replace")
    if len(_LONE_CYRILLIC.findall(text)) > len(_CYRILLIC_WORD.findall(head.decode(cyrillic, errors="replace"))):
        return "cp1252"
    return cyrillic


def _utf_16_without_mark(head):
    """Every second byte of Latin text is zero, and of Cyrillic a four."""
    pairs = len(head) // 2
    for encoding, start in (("utf-16-le", 1), ("utf-16-be", 0)):
        high = head[start::2]
        if pairs > 8 and sum(high.count(byte) for byte in (b"\x00", b"\x04")) > 0.9 * pairs:
            return encoding
    return ""


def _is_utf8(file):
    """One broken character in a long UTF-8 file does not make it another encoding."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    broken = whole = 0
    file.seek(0)
    while piece := file.read(_PIECE):
        text = decoder.decode(piece)
        if not text.isascii():
            bad = text.count("\ufffd")
            # What is longer as bytes than as characters is not ASCII.
            broken, whole = broken + bad, whole + len(text.encode()) - len(text) - 2 * bad
    return not broken or whole > 4 * broken


def _russian(head, encoding):
    """How much a text looks like Russian in that encoding: frequent letters in well-formed words."""
    words = _WORD.findall(head.decode(encoding, errors="replace"))
    return sum(1 if letter in _FREQUENT else -0.5 for word in words for letter in word.casefold())
