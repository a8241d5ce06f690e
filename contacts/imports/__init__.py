"""Import of contacts: reading (files as tools really write them), mapping, cleaning, running, undoing."""

from contacts.imports import check, object_run, own_fields, run, undo  # noqa: F401  register jobs and targets
