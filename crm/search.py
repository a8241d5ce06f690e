"""Global search over everything registered, cut down to what the user may see.

Each source answers a text with a few rows, best first: exact address or number, then the beginning of a name, then
a part of it, then a similar spelling. A text typed on the wrong keyboard layout is tried in the other one too.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib.postgres.search import TrigramWordSimilarity
from django.db import connection, transaction

from crm import access
from crm.text import digits, sort_key

_LATIN = "qwertyuiop[]asdfghjkl;'zxcvbnm,.`"
_CYRILLIC = "йцукенгшщзхъфывапролджэячсмитьбюё"
_TO_CYRILLIC = str.maketrans(_LATIN, _CYRILLIC)
_TO_LATIN = str.maketrans(_CYRILLIC, _LATIN)
SIMILAR = 0.5


@dataclass(frozen=True)
class SearchSource:
    """Where one kind of record is found.

    `rows()` gives the queryset; `name_key` the normalised name column with a trigram index; `exact(text)` gives a
    filter (Q) for addresses and numbers or None; `describe(obj)` the second line.
    """

    kind: str
    label: str
    icon: str
    rows: Callable
    name_key: str
    describe: Callable
    exact: Callable | None = None
    order: int = 100


_sources: list[SearchSource] = []


def search_source(source):
    """Register a source; call it in extensions.py."""
    _sources.append(source)


def other_layout(text):
    """The text as it would have come out on the other keyboard layout: "bdfy" is "иван", "цуиук" is "weber"."""
    return text.translate(_TO_CYRILLIC) if text.isascii() else text.translate(_TO_LATIN)


def search(user, text, *, limit=5):
    """List of (source, [objects]) for what the user may see, in the order of the sources; empty groups left out."""
    text = text.replace("\x00", "").strip()[:100]
    if not text:
        return []
    found = []
    for source in sorted(_sources, key=lambda s: s.order):
        if access.may(user, source.kind):
            hits = _hits(source, user, text, limit)
            if hits:
                found.append((source, hits))
    return found


def _hits(source, user, text, limit):
    rows = source.rows().visible_to(user)
    hits = {}
    for attempt in _attempts(source, text):
        # A person with two fitting addresses comes twice: twice the limit leaves room for that.
        for row in attempt(rows)[: 2 * limit + len(hits)]:
            hits.setdefault(row.pk, row)
        if len(hits) >= limit:
            break
    return list(hits.values())[:limit]


def _attempts(source, text):
    """Ever looser ways to look, each a function of the visible rows."""
    if source.exact and (exact := source.exact(text)) is not None:
        yield lambda rows: rows.filter(exact)
    if len(digits(text)) >= 4 and not any(c.isalpha() for c in text):
        return
    keys = dict.fromkeys([sort_key(text), sort_key(other_layout(text.casefold()))])
    name = source.name_key
    for key in keys:
        yield lambda rows, key=key: rows.filter(**{f"{name}__startswith": key}).order_by(name, "pk")
    if len(text) >= 3:
        for key in keys:
            yield lambda rows, key=key: rows.filter(**{f"{name}__contains": key}).order_by(name, "pk")
            words = key.split()
            if len(words) > 1:
                # First and last name in the other order than the key has them.
                yield lambda rows, words=words: _all_words(rows, name, words)
        for key in keys:
            yield lambda rows, key=key: _similar(rows, name, key)


def _all_words(rows, name, words):
    for word in words:
        rows = rows.filter(**{f"{name}__contains": word})
    return rows.order_by(name, "pk")


def _similar(rows, name, key):
    """Spelled alike: the trigram index finds candidates, the similarity orders them."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL pg_trgm.word_similarity_threshold = %s", [SIMILAR])
        alike = rows.filter(**{f"{name}__trigram_word_similar": key})
        return list(alike.annotate(likeness=TrigramWordSimilarity(key, name)).order_by("-likeness", name)[:25])
