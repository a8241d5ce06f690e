"""Records that may be the same.

`find_pairs` compares a table with itself: keys that survive errors bring together what is worth comparing (`blocking`),
each such pair is weighed in bits of evidence after Fellegi and Sunter, "A Theory for Record Linkage" (1969), rare values
weighing more (`weighing`). `scan` does so with everybody at night, its keys counted by the database. `lookup` answers
while a form is filled. What needs NumPy is loaded when it is called: by workers and commands, never by a web process.
"""

from contacts.services.duplicates.records import FIELDS

__all__ = ["FIELDS", "find_pairs"]


def find_pairs(records, *, least=0.5):
    """Pairs of records (mappings with `id` and any of FIELDS) whose score is `least` or more, the surest first."""
    from contacts.services.duplicates.blocking import candidates
    from contacts.services.duplicates.records import Table
    from contacts.services.duplicates.weighing import weigh

    table = Table(records)
    return weigh(table, *candidates(table), least=least)
