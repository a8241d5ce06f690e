"""Things of which not everybody who sees a record may know. The timeline asks here; events carry no word of them."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Confidential:
    """A model such as that of personal letters.

    `listed(user)` gives the objects that the user may know of; events about others do not exist for him. `found(user,
    words)` those he may read in which the words stand. `cards(user, keys)` {key: object} of those he may read, as
    `template` shows them below the sentence.
    """

    label: str
    template: str
    listed: Callable
    found: Callable
    cards: Callable


_models: dict[str, Confidential] = {}


def confidential(item):
    """Register one in extensions.py."""
    _models[item.label] = item


def models():
    return list(_models.values())


def model_named(label):
    """How objects of that model are shown, None for most."""
    return _models.get(label)
