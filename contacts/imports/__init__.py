"""Import of contacts: reading (files as tools really write them), mapping, cleaning, running, undoing."""

from contacts.imports import check, run, undo  # noqa: F401  register their jobs
