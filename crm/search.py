"""Global search over everything registered, cut down to what the user may see.

Each source answers a text with a few rows, best first: exact address or number, then the beginning of a name, then
its words in any order, in either script, then parts of words. A text that fits nothing is tried as typed on the other
keyboard layout, and then as one with typing errors.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from operator import or_

from django.db import connection, transaction
from django.db.models import Q, TextField, Value
from django.db.models.functions import Concat

from crm import access, field_access
from crm.custom.reading import search_condition
from crm.text import digits, sort_key
from crm.vocabulary import meaning_of, mended, words_of

_LATIN = "qwertyuiop[]asdfghjkl;'zxcvbnm,.`"
_CYRILLIC = "йцукенгшщзхъфывапролджэячсмитьбюё"
_TO_CYRILLIC = str.maketrans(_LATIN, _CYRILLIC)
_TO_LATIN = str.maketrans(_CYRILLIC, _LATIN)
SOME = 60


@dataclass(frozen=True)
class SearchSource:
    """Where one kind of record is found.

    `rows()` gives the queryset; `name_key` the normalised name column with a trigram index; `exact(text, user)`
    gives a filter (Q) for addresses and numbers or None; `describe(obj)` the second line. `by_name`: rows can be read in the
    order of the name (there is an index).
    """

    kind: str
    label: str
    icon: str
    rows: Callable
    name_key: str
    describe: Callable
    exact: Callable | None = None
    order: int = 100
    by_name: bool = True


_sources: list[SearchSource] = []
_providers: list[Callable] = []


def search_source(source):
    """Register a source; call it in extensions.py."""
    _sources.append(source)


def provider(fn):
    """Decorator: `fn()` gives further sources that are known only at run time."""
    _providers.append(fn)
    return fn


def _all_sources():
    return sorted([*_sources, *(source for fn in _providers for source in fn())], key=lambda s: s.order)


def other_layout(text):
    """The text as it would have come out on the other keyboard layout: "bdfy" is "иван", "цуиук" is "weber"."""
    return text.translate(_TO_CYRILLIC) if text.isascii() else text.translate(_TO_LATIN)


def search(user, text, *, limit=5):
    """List of (source, [objects]) for what the user may see, in the order of the sources; empty groups left out."""
    text = text.replace("\x00", "").strip()[:100]
    if not text:
        return []
    wanted, found = _Wanted(text, user), []
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        for source in _all_sources():
            if access.may(user, source.kind) and (hits := _hits(source, user, wanted, limit)):
                found.append((source, hits))
        # The caller may have a transaction of its own.
        cursor.execute("SET LOCAL enable_seqscan = on")
    return found


class _Wanted:
    """What a text can mean, found out once for all sources."""

    def __init__(self, text, user=None):
        self.text, self.user = text, user
        self.is_number = len(digits(text)) >= 4 and not any(c.isalpha() for c in text)
        typed, swapped = sort_key(text), sort_key(other_layout(text.casefold()))
        self.key, self.meanings, self.is_mended = typed, [], False
        if self.is_number:
            return
        for key in dict.fromkeys([typed, swapped]):
            meanings = [meaning_of(word) for word in words_of(key)]
            if meanings and all(meanings):
                self.key, self.meanings = key, meanings
                return
        self._mend([typed, swapped])

    def _mend(self, keys):
        """Nothing is called so: take what is spelled alike for the words that are not there."""
        for key in dict.fromkeys(keys):
            meanings = [meaning_of(word) or mended(word) for word in words_of(key)]
            if meanings and all(meanings):
                self.key, self.meanings, self.is_mended = key, meanings, True
                return


def _hits(source, user, wanted, limit):
    rows = source.rows().visible_to(user)
    hits = {}
    for attempt in _attempts(source, wanted):
        # A person with two fitting addresses comes twice: twice the limit leaves room for that.
        for row in attempt(rows, 2 * limit + len(hits)):
            hits.setdefault(row.pk, row)
        if len(hits) >= limit:
            break
    return list(hits.values())[:limit]


def _attempts(source, wanted):
    """Ever looser ways to look, each a function of the visible rows and a number."""
    name, meanings = source.name_key, wanted.meanings
    if source.exact and (exact := source.exact(wanted.text, wanted.user)) is not None:
        yield lambda rows, n: rows.filter(exact)[:n]
    if (own := search_condition(source.kind, wanted.text, wanted.user)) is not None:
        yield lambda rows, n: rows.filter(own)[:n]
    if not meanings:
        return
    if not wanted.is_mended and source.by_name:
        begins = {f"{name}__startswith": wanted.key}
        yield lambda rows, n: _named(rows, source, wanted).filter(**begins).order_by(name, "pk")[:n]
    if len(wanted.key) > 2:
        yield lambda rows, n: _holding(_named(rows, source, wanted), source, wanted, n)


def _named(rows, source, wanted):
    """The rows that may be found by their name."""
    return rows.filter(field_access.findable(wanted.user, rows.model, source.name_key))


def _holding(rows, source, wanted, n):
    """Rows whose names hold all words, in any order; those that hold them as whole words first."""
    forms = [m.whole if wanted.is_mended else _shortest((*m.parts, *m.whole)) for m in wanted.meanings]
    holding = rows.filter(*[_any({f"{source.name_key}__contains": w} for w in words) for words in forms])
    found = _some(holding)
    if len(found) == SOME and all(m.whole for m in wanted.meanings):
        # There are more than were read: those with the whole words need not be among them.
        padded = Concat(Value(" "), source.name_key, Value(" "), output_field=TextField())
        whole = [_any({"_padded__contains": f" {w} "} for w in m.whole) for m in wanted.meanings]
        found = _some(holding.annotate(_padded=padded).filter(*whole)) or found
    ranked = sorted(
        rows.filter(pk__in=found), key=lambda row: (_rank(getattr(row, source.name_key), wanted.meanings), row.pk)
    )
    return ranked[:n]


def _some(rows):
    """Keys of some of the rows: to find the first in order among a hundred thousand takes too long.

    The planner expects to meet sixty of a common name at once and reads the table from its beginning; when none of
    them is visible it reads all. So it has to take the index of the names.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_indexscan = off")
        keys = list(rows.order_by().values_list("pk", flat=True)[:SOME])
        cursor.execute("SET LOCAL enable_indexscan = on")
    return keys


def _shortest(words):
    """Without those that hold another one: who looks for the shorter finds them."""
    return [word for word in words if not any(other in word and other != word for other in words)]


def _any(conditions):
    return reduce(or_, [Q(**condition) for condition in conditions])


def _rank(name, meanings):
    """Order of a name among the found: whole words first, the likelier meaning first, then by name."""
    words = words_of(name)
    return [
        min((place for place, word in enumerate(m.whole) if word in words), default=len(m.whole)) for m in meanings
    ], name
