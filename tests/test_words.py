"""The words in both languages: one meaning, one translation."""

from collections import defaultdict
from pathlib import Path

import polib

ROOT = Path(__file__).resolve().parent.parent
CATALOGUES = sorted(ROOT.glob("*/locale/ru/LC_MESSAGES/django.po"))


def test_a_word_is_translated_alike_by_every_app():
    """Django merges the catalogues of the apps into one: of two translations of a word one would win everywhere.

    Where the meanings differ, the message has a context: pgettext("person", "active").
    """
    found = defaultdict(set)
    for path in CATALOGUES:
        for entry in polib.pofile(path):
            if not entry.obsolete:
                found[entry.msgctxt, entry.msgid].add((entry.msgstr, *entry.msgstr_plural.values()))

    assert len(CATALOGUES) == 6
    assert {word: all_ for word, all_ in found.items() if len(all_) > 1} == {}
