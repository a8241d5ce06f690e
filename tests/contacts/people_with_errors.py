"""Invented people and records of them with the errors that people make; the same seed gives the same."""

import random

SYLLABLES = [
    "ba",
    "ce",
    "di",
    "fo",
    "gu",
    "ha",
    "ke",
    "li",
    "mo",
    "nu",
    "pa",
    "re",
    "si",
    "to",
    "va",
    "we",
    "sta",
    "bri",
    "lan",
    "ner",
    "zak",
    "quo",
    "jup",
    "xel",
    "dor",
    "fim",
    "gra",
    "hoss",
    "ick",
    "jen",
    "kwo",
    "lut",
    "mayr",
    "nop",
    "orb",
    "pirt",
    "qua",
    "rhys",
    "sved",
    "tull",
    "urs",
    "vond",
    "wick",
    "yann",
    "zeb",
]
GIVEN = [
    "anna",
    "ben",
    "clara",
    "david",
    "emma",
    "felix",
    "greta",
    "hugo",
    "ida",
    "jonas",
    "karla",
    "leon",
    "mia",
    "noah",
    "olga",
]
STREETS = [
    "oak",
    "mill",
    "station",
    "church",
    "garden",
    "river",
    "castle",
    "school",
    "market",
    "forest",
    "bridge",
    "hill",
]
PLACES = [
    f"{start}{end}"
    for start in ("nort", "east", "sutt", "west", "old", "new", "lake", "high")
    for end in ("ham", "wick", "onby", "feld", "bury", "side", "ford")
]


def people(n, *, seed):
    """(records of n people, records of every third a second time with errors, true pairs of their ids)."""
    chance = random.Random(seed)
    first = [_person(chance, i) for i in range(n)]
    again = [_with_errors(chance, dict(record), f"b{i}") for i, record in enumerate(first) if i % 3 == 0]
    return first, again, {(f"a{i}", f"b{i}") for i in range(0, n, 3)}


def word(chance, syllables):
    return "".join(chance.choice(SYLLABLES) for _n in range(syllables))


def _person(chance, i):
    given = chance.choice(GIVEN) if chance.random() < 0.7 else word(chance, 2)
    surname = word(chance, chance.choice([2, 3, 3]))
    place = chance.choice(PLACES)
    return {
        "id": f"a{i}",
        "given_name": given,
        "surname": surname,
        "street_number": str(chance.randint(1, 200)),
        "address_1": f"{word(chance, 2)} {chance.choice(STREETS)} street",
        "address_2": word(chance, 3) if chance.random() < 0.4 else "",
        "suburb": f"{place} {chance.choice(['', 'north', 'south', 'bay'])}".strip(),
        "postcode": str(chance.randint(1000, 9999)),
        "state": chance.choice(["nsw", "vic", "qld", "wa"]),
        "date_of_birth": f"{chance.randint(1930, 2005)}{chance.randint(1, 12):02}{chance.randint(1, 28):02}",
        "email": f"{given}.{surname}{i}@mail.example" if chance.random() < 0.5 else "",
        "phone": f"+49 30 {chance.randint(1000000, 9999999)}" if chance.random() < 0.5 else "",
    }


def _with_errors(chance, record, key):
    record["id"] = key
    for name in ("given_name", "surname", "address_1", "suburb"):
        if chance.random() < 0.3:
            record[name] = _misspelt(chance, record[name])
    for name in ("address_2", "email", "phone", "state", "street_number", "given_name"):
        if chance.random() < 0.12:
            record[name] = ""
    if chance.random() < 0.1:
        record["given_name"], record["surname"] = record["surname"], record["given_name"]
    born = record["date_of_birth"]
    if chance.random() < 0.15:
        record["date_of_birth"] = f"{born[:4]}{born[6:]}{born[4:6]}"
    elif chance.random() < 0.1:
        record["date_of_birth"] = f"{born[6:]}.{born[4:6]}.{born[:4]}"
    if chance.random() < 0.15:
        moved = _person(chance, 0)
        record |= {
            name: moved[name] for name in ("street_number", "address_1", "address_2", "suburb", "postcode", "state")
        }
    return record


def _misspelt(chance, text):
    if len(text) < 3:
        return text
    at = chance.randrange(1, len(text) - 1)
    kind = chance.choice(["drop", "double", "turn", "other"])
    if kind == "drop":
        return text[:at] + text[at + 1 :]
    if kind == "double":
        return text[:at] + text[at] + text[at:]
    if kind == "turn":
        return text[: at - 1] + text[at] + text[at - 1] + text[at + 1 :]
    return text[:at] + chance.choice("aeioust") + text[at + 1 :]
