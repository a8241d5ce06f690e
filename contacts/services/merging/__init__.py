"""Two records become one, and can be parted again.

`merge_contacts` and `merge_companies` move everything that points at the record that goes, whichever app it belongs to:
`pointers` finds it in the models themselves. A model that cannot simply be moved has a rule, which its app declares:

    from contacts.services import merging

    @merging.rule(Contact, Enrolment)               # (changes, kept, gone): act through `changes` only
    def one_run(changes, kept, gone): ...

    merging.stays("analytics.orderfact", "Counted anew from the orders.")

Everything is written down as it is done (`changes`), so that `undo_merge` restores it bit for bit.
"""

from contacts.services.merging.acts import (
    MergeRefused,
    merge_companies,
    merge_contacts,
    merge_records,
    survivor_of,
)
from contacts.services.merging.changes import Changes
from contacts.services.merging.fields import default_choice, is_empty, merged_values, questions
from contacts.services.merging.pointers import Reference, references, rule, stays
from contacts.services.merging.preview import preview
from contacts.services.merging.undoing import arrivals, forget_old_merges, undo_merge

__all__ = [
    "Changes", "MergeRefused", "Reference", "arrivals", "default_choice", "forget_old_merges", "is_empty", "merge_companies", "merge_contacts",
    "merge_records", "merged_values", "preview", "questions", "references", "rule", "stays", "survivor_of", "undo_merge",
]  # fmt: skip
