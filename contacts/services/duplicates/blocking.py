"""Which records are compared: those that share one of several keys, each of which survives other errors."""

from collections import defaultdict
from functools import cache

import numpy as np

from contacts.services.duplicates.names import full_names
from contacts.services.duplicates.records import sound

# A block of at most so many is compared in full; in a larger one each record only with its neighbours by name.
LARGEST = 40
NEIGHBOURS = 8


def candidates(table):
    """Two arrays of row numbers, first < second, every pair once. Their length grows with that of the table."""
    blocks = defaultdict(list)
    heard = cache(sound)
    for row in range(len(table)):
        for key in set(_keys(table, row, heard)):
            blocks[key].append(row)
    found = [*_small(blocks), *_large(blocks, table)]
    if not found:
        return np.empty(0, int), np.empty(0, int)
    first, second = (np.concatenate(side) for side in zip(*found, strict=True))
    codes = np.unique(np.minimum(first, second) * len(table) + np.maximum(first, second))
    return codes // len(table), codes % len(table)


def _small(blocks):
    """All pairs of the blocks that are compared in full, those of one size at once."""
    by_size = defaultdict(list)
    for rows in blocks.values():
        if 1 < len(rows) <= LARGEST:
            by_size[len(rows)].append(rows)
    for size, rows in by_size.items():
        one, other = np.triu_indices(size, 1)
        rows = np.array(rows)
        yield rows[:, one].ravel(), rows[:, other].ravel()


def _large(blocks, table):
    """Pairs of neighbours by name in the blocks that are too large."""
    for rows in blocks.values():
        if len(rows) > LARGEST:
            rows = np.array(sorted(rows, key=lambda row: (table.given_name[row], table.surname[row])))
            places = np.arange(len(rows))
            first = np.repeat(places, NEIGHBOURS)
            second = first + np.tile(np.arange(1, NEIGHBOURS + 1), len(rows))
            inside = second < len(rows)
            yield rows[first[inside]], rows[second[inside]]


def _keys(table, row, heard):
    """The keys of one record. Those of names do not care which is which, those of days not which is the month."""
    given, surname, born = table.given_name[row], table.surname[row], table.date_of_birth[row]
    street, place, code = table.address_1[row], table.suburb[row], table.postcode[row]
    names = [name for name in (given, surname) if name]
    sounds = [heard(name) for name in names]
    if len(names) == 2:
        yield "sounds", *sorted(sounds)
        yield "starts", *sorted(name[:3] for name in names)
    if born:
        yield "born", born[:4], *sorted((born[4:6], born[6:]))
    for name, tone in zip(names, sounds, strict=True):
        yield "name, year", tone, born[:4] if born else None
        yield "name, day", tone, born[4:] if born else None
        yield "name, code", name[:3], code or None
        yield "name, place", tone, heard(place.replace(" ", "")) if place else None
        yield "name, street", name[:2], street[:5] or None
        yield "name, number", tone, table.street_number[row] or None
    # The line of the house and that of the street change places.
    for line in (street, table.address_2[row]):
        if line:
            yield "line, number", "".join(sorted(line.split())), table.street_number[row]
            yield "line, place", line[:6], place[:4]
    if email := table.email[row]:
        yield "email", email
        yield "local part", email.partition("@")[0]
    # What people are called by instead of their name.
    for full in full_names(given):
        yield "called, surname", full, heard(surname), place[:4] or born[:4] or table.company[row][:6] or None
    if company := table.company[row]:
        yield "company, surname", company, heard(surname)
    if phone := table.phone[row]:
        yield "phone", phone[-7:]
