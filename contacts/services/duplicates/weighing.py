"""How likely two records are one: bits of evidence for and against, field by field, over whole columns at once."""

import re
from collections import Counter
from dataclasses import dataclass
from functools import cache

import numpy as np
from django.utils.translation import gettext_lazy as _
from rapidfuzz.distance import OSA, JaroWinkler
from rapidfuzz.process import cpdist

from contacts.services.duplicates.names import full_names, spelling

# How frequent a value of a field is before anything has been counted; so many such records stand beside the real ones.
USUAL = {
    "given_name": 1 / 150, "surname": 1 / 800, "date_of_birth": 1 / 15_000, "street_number": 1 / 60,
    "address_1": 1 / 3000, "address_2": 1 / 1500, "suburb": 1 / 800, "postcode": 1 / 800, "state": 1 / 6,
    "email": 1e-6, "phone": 1e-6, "company": 1 / 500,
}  # fmt: skip
IMAGINED = 1000
# Bits that speak against when both records know the field and say something else altogether.
AGAINST = {
    "given_name": 4.0, "surname": 4.5, "date_of_birth": 4.5, "street_number": 1.5, "address_1": 2.5, "address_2": 1.5,
    "suburb": 2.5, "postcode": 3.0, "state": 2.5, "email": 0.5, "phone": 0.5, "company": 0.3,
}  # fmt: skip
# The most that a field, and all that says where somebody lives, can say for it.
MOST = {"date_of_birth": 15.0, "email": 16.0, "phone": 14.0, "company": 4.0, "address_2": 6.0, "state": 3.0}
NAMES = ("given_name", "surname")
PLACE, PLACE_MOST, PLACE_LEAST = ("street_number", "address_1", "address_2", "suburb", "postcode", "state"), 25.0, -7.0
# The most that a word or number can say which is alike and not the same.
ALIKE_MOST = 6.0
# Scores that pairs do not pass: who has another first name is never certain, nor is who was born in another year, as father
# and son; who has neither is a relative at the same address, unless even the smallest line of it is the same.
OTHER_NAME, OTHER_DAY, RELATIVES = 0.85, 0.89, 0.6
# Nor are those who have nothing in common but names, a town and a company: those may be namesakes.
NAMESAKES = 0.8
_OF_ONE = ("email", "phone", "date_of_birth", "address_1", "address_2", "street_number", "postcode")
# What it says that two first names are forms of one.
CALLED = 4.0
# Of two records at random, at least so many bits speak against their being one.
PRIOR = 10.0
_NO_LETTER = re.compile(r"[\W\d_]+")
_SAID = {
    "given_name": _("first name"), "surname": _("last name"), "date_of_birth": _("birthday"), "street_number": _("house"),
    "address_1": _("street"), "address_2": _("address"), "suburb": _("city"), "postcode": _("postcode"),
    "state": _("region"), "email": _("email"), "phone": _("phone"), "company": _("company"),
}  # fmt: skip


@dataclass(frozen=True)
class Pair:
    """Two records by their ids. `score` is 0 to 1; `reasons` are words for what speaks for it, strongest first.

    `fields` tells of every field that both know: [name, "same" | "alike" | "other"], what weighs most first.
    """

    a: str
    b: str
    score: float
    reasons: tuple
    fields: tuple = ()


def weigh(table, first, second, *, least, frequencies=None):
    """Pairs of rows that score `least` or more, the surest first.

    How frequent a value is follows from the table, or from `frequencies` when it is only a part of everybody.
    """
    if not len(first):
        return []
    bits = _Evidence(table, first, second, frequencies)
    total = bits.total() - max(PRIOR, np.log2(bits.n))
    score = np.minimum(1 / (1 + np.exp2(-np.clip(total, -60, 60))), bits.ceiling())
    kept = np.flatnonzero(score >= least)
    kept = kept[np.lexsort((-total[kept], -score[kept]))]
    return [
        Pair(table.ids[first[i]], table.ids[second[i]], round(float(score[i]), 4), bits.reasons(i), bits.fields(i))
        for i in kept
    ]


class _Evidence:
    def __init__(self, table, first, second, frequencies=None):
        self.table, self.first, self.second = table, first, second
        self.frequencies = frequencies
        self.n = frequencies.n if frequencies else len(table)
        self.over = frequencies.over if frequencies else len(table)
        self.of = {}  # field -> bits of each pair
        self.spelt = cache(spelling)
        self.said = {name: str(label) for name, label in _SAID.items()}

    def total(self):
        self._names()
        self.of["date_of_birth"] = self._day()
        self._place()
        self._points()
        self.of["company"] = self._worded("company")
        total = sum(self.of[name] for name in self.of if name not in PLACE)
        total = total + np.clip(sum(self.of[name] for name in PLACE), PLACE_LEAST, PLACE_MOST)
        return total - 20 * (self.relatives() & (self.of["address_2"] < 4))

    def relatives(self):
        """Pairs with neither the first name nor the birthday in common: one slip of the day is none for twins."""
        same_day = self.of["date_of_birth"] > 0.6 * MOST["date_of_birth"]
        return (self.of["given_name"] < -3) & ~same_day

    def ceiling(self):
        """The most that each pair can score."""
        years = [day[:4] for day in self.table.date_of_birth]
        other_year = np.array([bool(years[a] and years[b]) and years[a] != years[b] for a, b in self.pairs()])
        ceiling = np.where(other_year | (self.of["date_of_birth"] < -3), OTHER_DAY, 1.0)
        ceiling = np.where(self.of["given_name"] < -3, OTHER_NAME, ceiling)
        ceiling = np.where(
            sum(np.maximum(self.of[name], 0) for name in _OF_ONE) < 1, np.minimum(ceiling, NAMESAKES), ceiling
        )
        return np.where(self.relatives(), RELATIVES, ceiling)

    def pairs(self):
        return zip(self.first, self.second, strict=True)

    def reasons(self, i):
        """Words for the three fields that say most for the pair."""
        for_it = sorted(((bits[i], name) for name, bits in self.of.items() if bits[i] > 1), reverse=True)
        return tuple(self.said[name] for _bits, name in for_it[:3])

    def fields(self, i):
        """What every known field says, for the page that shows both records."""
        known = sorted(((abs(bits[i]), bits[i], name) for name, bits in self.of.items() if bits[i]), reverse=True)
        return tuple([name, self._says(name, bits, i)] for _weight, bits, name in known)

    def _says(self, name, bits, i):
        values = getattr(self.table, name)
        if values[self.first[i]] == values[self.second[i]]:
            return "same"
        return "alike" if bits > 0 else "other"

    def _names(self):
        """First and last name, as they stand or changed with each other, whichever fits better."""
        straight = self._worded("given_name"), self._worded("surname")
        crossed = self._worded("given_name", "surname"), self._worded("surname", "given_name")
        straight = self._called(straight[0]), straight[1]
        swapped = sum(crossed) - 1.5 > sum(straight)
        for name, plain, other in zip(("given_name", "surname"), straight, crossed, strict=True):
            self.of[name] = np.where(swapped, other - 0.75, plain)

    def _called(self, bits):
        """Bits of first names, where two are called differently by one name: Bill and William, Саша and Александр."""
        full = [full_names(name) for name in self.table.given_name]
        known = np.flatnonzero(bits < 3)
        same = [i for i in known if full[self.first[i]] & full[self.second[i]]]
        bits[same] = CALLED
        return bits

    def _place(self):
        for name in ("address_2", "suburb"):
            self.of[name] = self._worded(name)
        street = self._worded("address_1")
        # The line of the house and that of the street change places.
        crossed = np.maximum(self._worded("address_1", "address_2"), self._worded("address_2", "address_1"))
        self.of["address_1"] = np.where(crossed > np.maximum(street, 2), crossed, street)
        for name in ("street_number", "postcode", "state"):
            self.of[name] = self._coded(name)

    def _points(self):
        strangers = (self.of["given_name"] + self.of["surname"] < -4) | (self.of["given_name"] < -3)
        self.of["phone"] = self._coded("phone")
        same = self._coded("email")
        locals_ = [email.partition("@")[0] for email in self.table.email]
        alike = _compare(locals_, self.first, locals_, self.second, JaroWinkler.similarity)
        # The same mailbox at another provider says something; a similar one hardly more than the names themselves, and one
        # that is made of the names nothing: namesakes in two companies have that, too.
        same = np.where(same < 0, np.select([alike == 1, alike > 0.93], [5.0, 1.5], same), same)
        made = [i for i in np.flatnonzero((alike > 0.93) & (same > 0) & (same <= 5)) if self._is_of_names(locals_, i)]
        same[made] = 0.0
        self.of["email"] = same
        # A box or a line that several people share says little.
        for name in ("email", "phone"):
            self.of[name] = np.where(strangers, np.minimum(self.of[name], 3.0), self.of[name])

    def _is_of_names(self, locals_, i):
        """Whether the mailbox of the first of a pair is only the name, in an order and with initials as is usual."""
        given, surname = (self.spelt(getattr(self.table, name)[self.first[i]]) for name in NAMES)
        box = self.spelt(_NO_LETTER.sub("", locals_[self.first[i]]))
        forms = ((given, surname), (given[:1], surname), (given, surname[:1]), ("", surname), (given, ""))
        return any(box in {one + other, other + one} for one, other in forms)

    def _worded(self, one, other=None):
        """Bits of words that may be misspelt."""
        left, right = getattr(self.table, one), getattr(self.table, other or one)
        alike = _compare(left, self.first, right, self.second, JaroWinkler.similarity)
        if self.table.is_mixed and one in NAMES:
            left, right = ([self.spelt(name) for name in names] for names in (left, right))
            spelt = _compare(left, self.first, right, self.second, JaroWinkler.similarity)
            # Two ways to spell it in Latin letters: as good as the same, if not quite.
            alike = np.maximum(alike, np.minimum(spelt, 0.99))
        share = np.interp(alike, [0.0, 0.72, 0.8, 0.87, 0.93, 0.99, 1.0], [-1.0, -1.0, -0.25, 0.3, 0.65, 0.85, 1.0])
        return self._bits(one, other or one, share)

    def _coded(self, name):
        """Bits of numbers and codes: equal, one slip, or other."""
        values = getattr(self.table, name)
        slips = _compare(values, self.first, values, self.second, OSA.distance)
        share = np.where(slips == 0, 1.0, np.where(slips == 1, 0.4, -1.0))
        return self._bits(name, name, share)

    def _day(self):
        values = self.table.date_of_birth
        turned = [value[:4] + value[6:] + value[4:6] for value in values]
        slips = _compare(values, self.first, values, self.second, OSA.distance)
        share = np.select([slips == 0, slips == 1, slips == 2], [1.0, 0.55, 0.1], -1.0)
        share = np.where(
            _compare(turned, self.first, values, self.second, OSA.distance) == 0, np.maximum(share, 0.7), share
        )
        return self._bits("date_of_birth", "date_of_birth", share)

    def _bits(self, one, other, share):
        """`share` of the weight of agreement, or of what speaks against, where both records know the field."""
        left, right = getattr(self.table, one), getattr(self.table, other)
        weight = np.minimum(self._weights(one)[self.first], self._weights(other)[self.second])
        known = np.array([bool(value) for value in left])[self.first] & np.array([bool(v) for v in right])[self.second]
        # However rare a word, there are always some that look like it.
        alike = np.where(share < 1, np.minimum(share * weight, ALIKE_MOST), weight)
        return np.where(known, np.where(share > 0, alike, share * AGAINST[one]), 0.0)

    def _weights(self, name):
        """What agreement in each row's value says, in bits: the rarer it is among the others, the more."""
        values = getattr(self.table, name)
        counted = self.frequencies.by_field.get(name, {}) if self.frequencies else Counter(values)
        others = np.array([max(counted.get(value, 0) - 2, 0) for value in values])
        share = (others + IMAGINED * USUAL[name]) / (self.over + IMAGINED)
        return np.minimum(-np.log2(share), MOST.get(name, 99.0))


def _compare(left, first, right, second, scorer):
    return cpdist([left[i] for i in first], [right[i] for i in second], scorer=scorer, workers=1).astype(float)
