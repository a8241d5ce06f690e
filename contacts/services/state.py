"""What a page showed of a task, in a word, so that two people who edit it at once notice each other."""

import hashlib

FIELDS = (
    "title",
    "owner_id",
    "kind",
    "type_id",
    "due_at",
    "day_on",
    "ends_at",
    "place",
    "priority",
    "note",
    "done_at",
    "recurrence_id",
    "slot",
)


def state_of(task):
    """A mark that changes with any field of the form."""
    return hashlib.sha256(repr([str(getattr(task, name)) for name in FIELDS]).encode()).hexdigest()[:16]
