"""Rows that name somebody in a text: no key leads there and no index helps, so whole tables are read.

Whoever erases many people looks for all of them in one pass over each table (`once_for`); the question about each single
person then reads no more than what that pass has found, and what has come since.
"""

import re
from collections import defaultdict
from contextlib import contextmanager
from contextvars import ContextVar
from functools import reduce
from operator import or_

from django.db import models
from django.db.models import Max, Q
from django.db.models.fields.json import KeyTransform
from django.db.models.functions import Cast

# What stands before and after a text that is named as a whole. JSON writes a line end as two characters, the second of
# which is a letter.
_BEFORE, _AFTER = r"(^|[^\w.%+-]|[\\][nrtbf])", r"(?![\w-]|\.\w)"
_WORD = re.compile(r"[^\W_]+")
# In the place of what was taken out of a text that stays.
GAP = "[…]"
_pass: ContextVar["Pass | None"] = ContextVar("pass over whole tables", default=None)


class Pass:
    """What one reading of whole tables found for many people: narrows the questions that follow."""

    def __init__(self, people):
        self.texts = sorted({text for one in people for text in [*one.telling, *one.emails, *one.names]})
        self.words = defaultdict(list)
        for text in self.texts:
            for word in _words_of(text):
                self.words[word].append(text.lower())
        self.numbers = sorted({number for one in people for number in one.numbers})
        # {kind of file: (keys of those in which somebody stands, the last one that was read)} (see `files`).
        self.files = {}
        self._narrowed = {}

    def narrow(self, rows, columns):
        """Only those of the rows that may name one of the people, and those that are newer than the pass."""
        label = (rows.model, columns)
        if label not in self._narrowed:
            self._narrowed[label] = self._read(rows.model, columns)
        keys, last = self._narrowed[label]
        return rows.filter(Q(pk__in=keys) | Q(pk__gt=last))

    def narrow_numbers(self, rows, field):
        """The same for rows that hold one of their numbers in a field of their own."""
        label = (rows.model, field)
        if label not in self._narrowed:
            last = rows.model._base_manager.aggregate(n=Max("pk"))["n"] or 0
            self._narrowed[label] = list(rows.filter(held__in=self.numbers).values_list("pk", flat=True)), last
        keys, last = self._narrowed[label]
        return rows.filter(Q(pk__in=keys) | Q(pk__gt=last))

    def _read(self, model, columns):
        """Row by row in constant memory: one look at the words of a row, however many people are looked for.

        An expression of three hundred alternatives would cost the database far more.
        """
        last = model._base_manager.aggregate(n=Max("pk"))["n"] or 0
        told = {f"{column}_text": Cast(column, models.TextField()) for column in columns}
        rows = model._base_manager.annotate(**told).values_list("pk", *told).iterator(chunk_size=5000)
        return [pk for pk, *said in rows if any(self._may_name(text) for text in said if text)], last

    def _may_name(self, text):
        said = text.lower()
        known = self.words.keys() & set(_WORD.findall(said))
        return any(one in said for word in known for one in self.words[word])


def _words_of(text):
    """One word that stands wherever the text does: the longest, of an address before its @, where it says most.

    JSON writes a line end before it as a backslash and a letter, which then seems to be a part of the word.
    """
    word = max(_WORD.findall(text.lower().split("@")[0]) or _WORD.findall(text.lower()) or [""], key=len)
    return {word, *(letter + word for letter in "nrtbf")}


@contextmanager
def once_for(people):
    """Within this, each table that must be read whole is read once for all these people (`person.Person`)."""
    token = _pass.set(Pass(people))
    try:
        yield
    finally:
        _pass.reset(token)


def under_way():
    """The present pass over whole tables, or None."""
    return _pass.get()


def containing(model, texts, *columns):
    """Rows that have one of these texts in one of the columns, whatever those are made of."""
    if not texts:
        return model._base_manager.none()
    rows = _as_text(model, columns)
    if now := under_way():
        rows = now.narrow(rows, columns)
    return rows.filter(reduce(or_, (says(f"{column}_text", text) for column in columns for text in texts)))


def _as_text(model, columns):
    return model._base_manager.alias(**{f"{column}_text": Cast(column, models.TextField()) for column in columns})


def says(column, text):
    """Condition: the text stands in a column as a whole. lee@example.com is not the person of ann.lee@example.com, nor a
    phone the one that goes on after its last digit."""
    whole = _BEFORE + re.escape(text) + _AFTER
    return Q(**{f"{column}__icontains": text, f"{column}__iregex": whole})


def without(texts, said):
    """A text or JSON without the places where one of these texts stands as a whole."""
    if isinstance(said, dict):
        return {key: without(texts, value) for key, value in said.items()}
    if isinstance(said, list):
        return [without(texts, value) for value in said]
    if not isinstance(said, str) or not texts:
        return said
    # The longest first: a name with a patronymic goes whole, not with the patronymic left over.
    longest_first = "|".join(re.escape(text) for text in sorted(texts, key=len, reverse=True))
    return re.sub(whole(longest_first), GAP, said, flags=re.IGNORECASE)


def whole(pattern):
    """The pattern where it stands as a whole."""
    return rf"(?<![\w.%+-])(?:{pattern}){_AFTER}"


def holding(rows, field, numbers):
    """Of the rows of a custom field (or of their earlier versions) those in which it holds one of these numbers."""
    rows = rows.annotate(held=KeyTransform(field.key, "custom"))
    if now := under_way():
        rows = now.narrow_numbers(rows, field)
    return rows.filter(held__in=numbers)
