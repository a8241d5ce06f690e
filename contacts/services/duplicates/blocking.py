"""Which records are compared: those that share one of several keys, each of which survives other errors."""

from collections import defaultdict

import numpy as np

from contacts.services.duplicates.records import sound

# A block of at most so many is compared in full; in a larger one each record only with its neighbours by name.
LARGEST = 40
NEIGHBOURS = 8


def candidates(table):
    """Two arrays of row numbers, first < second, every pair once. Their length grows with that of the table."""
    blocks = defaultdict(list)
    for row in range(len(table)):
        for key in set(_keys(table, row)):
            blocks[key].append(row)
    names = [f"{given} {surname}" for given, surname in zip(table.given_name, table.surname, strict=True)]
    found = [_pairs(rows, names) for rows in blocks.values() if len(rows) > 1]
    if not found:
        return np.empty(0, int), np.empty(0, int)
    first, second = np.concatenate(found).T
    codes = np.unique(np.minimum(first, second) * len(table) + np.maximum(first, second))
    return codes // len(table), codes % len(table)


def _pairs(rows, names):
    """Pairs within a block as an array of two columns."""
    if len(rows) <= LARGEST:
        first, second = np.triu_indices(len(rows), 1)
    else:
        rows = sorted(rows, key=names.__getitem__)
        places = np.arange(len(rows))
        first = np.repeat(places, NEIGHBOURS)
        second = first + np.tile(np.arange(1, NEIGHBOURS + 1), len(rows))
        first, second = first[second < len(rows)], second[second < len(rows)]
    rows = np.array(rows)
    return np.column_stack([rows[first], rows[second]])


def _keys(table, row):
    """The keys of one record. Those of names do not care which is which, those of days not which is the month."""
    given, surname, born = table.given_name[row], table.surname[row], table.date_of_birth[row]
    street, place, code = table.address_1[row], table.suburb[row], table.postcode[row]
    names = [name for name in (given, surname) if name]
    sounds = [sound(name) for name in names]
    if len(names) == 2:
        yield "sounds", *sorted(sounds)
        yield "starts", *sorted(name[:3] for name in names)
    if born:
        yield "born", born[:4], *sorted((born[4:6], born[6:]))
    for name, heard in zip(names, sounds, strict=True):
        yield "name, year", heard, born[:4] if born else None
        yield "name, day", heard, born[4:] if born else None
        yield "name, code", name[:3], code or None
        yield "name, place", heard, sound(place.replace(" ", "")) if place else None
        yield "name, street", name[:2], street[:5] or None
        yield "name, number", heard, table.street_number[row] or None
    # The line of the house and that of the street change places.
    for line in (street, table.address_2[row]):
        if line:
            yield "line, number", "".join(sorted(line.split())), table.street_number[row]
            yield "line, place", line[:6], place[:4]
    if email := table.email[row]:
        yield "email", email
        yield "local part", email.partition("@")[0]
    if phone := table.phone[row]:
        yield "phone", phone[-7:]
