"""What a person may ask of their data: a copy of all of it, and that it be erased.

`ties` finds what belongs to a person in the models themselves; an app declares what cannot be found so, what stays
and what holds nobody (see there). `begin` and `erase` take it away, `copying` packs it for the person, `replay` repeats
erasures in a database that was restored from a backup.
"""

from contacts.services.privacy import letters, objects, own  # noqa: F401  declare what contacts and the program itself hold
from contacts.services.privacy.beginning import ErasureRefused, begin, closes, warnings, warns
from contacts.services.privacy.declaring import anonymise, exempt, finder, follower, hide, share, tie
from contacts.services.privacy.erasing import erase
from contacts.services.privacy.files import named_in as files_named_in
from contacts.services.privacy.own import page
from contacts.services.privacy.person import Person, person_of
from contacts.services.privacy.scanning import containing, without
from contacts.services.privacy.ties import gather

__all__ = [
    "ErasureRefused", "Person", "anonymise", "begin", "closes", "containing", "erase", "exempt", "files_named_in", "finder", "follower", "gather", "hide", "page",
    "person_of", "share", "tie", "warnings", "warns", "without",
]  # fmt: skip
