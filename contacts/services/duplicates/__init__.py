"""Records that may be the same person: `find_pairs(records)`.

Keys that survive errors bring together what is worth comparing (`blocking`); each such pair is weighed in bits of
evidence after Fellegi and Sunter, "A Theory for Record Linkage" (1969), rare values weighing more (`weighing`).
Loads NumPy: for workers and commands, not for web processes.
"""

from contacts.services.duplicates.blocking import candidates
from contacts.services.duplicates.records import FIELDS, Table
from contacts.services.duplicates.weighing import Pair, weigh

__all__ = ["FIELDS", "Pair", "find_pairs"]


def find_pairs(records, *, least=0.5):
    """Pairs of records (mappings with `id` and any of FIELDS) whose score is `least` or more, the surest first."""
    table = Table(records)
    return weigh(table, *candidates(table), least=least)
