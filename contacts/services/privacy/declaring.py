"""What the apps say of their tables, where the models do not say it themselves.

privacy.finder("crm.notification")(fn)                       # fn(person) -> rows
privacy.tie("crm.pin", "event_id", "crm.event")              # a plain number that is a key
privacy.anonymise("deals.deal", why=…, keep={"currency"})    # the row stays, its texts go
privacy.share("contacts.personalletter", rows, redact, …)    # others have a part in it: the person is taken out
privacy.exempt("What the company has set up.", "crm.team")   # holds nobody
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from django.apps import apps


@dataclass(frozen=True)
class Stay:
    """How rows of a model are made nobody's: texts are emptied, but for those in `keep`; `put` gives others."""

    why: str
    keep: frozenset
    put: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Share:
    """Rows in which others have a part: `rows(person)` gives them, `redact(rows, person)` takes the person out."""

    why: str
    rows: Callable
    redact: Callable


finders: dict[str, list[Callable]] = defaultdict(list)
followers: dict[str, list[Callable]] = defaultdict(list)
plain_ties: list[tuple[str, str, str]] = []
stays: dict[str, Stay] = {}
exempted: dict[str, str] = {}
hidden: dict[str, str] = {}
others_of: dict[str, Callable] = {}
shares: dict[str, "Share"] = {}


def finder(label):
    """Decorator: `fn(person)` gives further rows of a model that belong to a person."""

    def register(fn):
        finders[label].append(fn)
        return fn

    return register


def follower(label):
    """Decorator: `fn(found)` gives further rows of a model that tell of rows already found."""

    def register(fn):
        followers[label].append(fn)
        return fn

    return register


def tie(label, column, parent):
    """Declare that a column of a model is the key of a row of `parent` without which it says nothing."""
    plain_ties.append((label, column, parent))


def anonymise(label, *, why, keep=(), **put):
    """Declare that rows of a model stay, made nobody's, and why."""
    stays[label] = Stay(why, frozenset(keep), put)


def exempt(why, *labels):
    """Declare that models hold nothing of a person, or keep what the law wants kept, and why."""
    exempted.update(dict.fromkeys(labels, why))


def share(label, rows, redact, *, why):
    """Declare rows that are the person's and others' as well: they stay, and the person is taken out of them.

    `rows(person)` gives them; `redact(rows, person)` changes them, locked, in the transaction in which the record goes: kinds
    in the order of declaring, for others may lock rows of several as well. It writes no more than it changes. Nothing that
    hangs on them is followed. They are in the copy: what others have a part in was still said to or by the person.
    """
    shares[label] = Share(why, rows, redact)


def all_shares():
    """[(model, Share)] in the order in which they were declared."""
    return [(apps.get_model(label), share) for label, share in shares.items()]


def share_of(model):
    return shares.get(model._meta.label_lower)


def hide(why, *labels):
    """Declare that rows of models are erased with the person but are not in the copy, and why."""
    hidden.update(dict.fromkeys(labels, why))


def others(label):
    """Decorator: `fn(person)` gives a condition on rows of a model that tell of other customers: they are not in the copy."""

    def register(fn):
        others_of[label] = fn
        return fn

    return register


def stay_of(model):
    return stays.get(model._meta.label_lower)


def is_exempt(model):
    return model._meta.label_lower in exempted


def is_hidden(model):
    return model._meta.label_lower in hidden
