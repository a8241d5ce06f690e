"""vCards 2.1, 3.0 and 4.0 (RFC 2426, RFC 6350), many in one file, as a CSV table. Read line by line; pictures are left out."""

import csv
import quopri
import re
from contextlib import suppress

from django.utils.translation import gettext as _

from contacts.imports.reading import FileUnreadable

# The columns of the table and the properties they come from; several values of one stand in one cell.
HEADERS = [
    "UID", "Full name", "First name", "Middle name", "Last name", "Email", "Phone", "Messenger", "Company", "Job title",
    "Street", "City", "Region", "Postcode", "Country", "Birthday", "Language", "Tags", "Note",
]  # fmt: skip
BETWEEN = " ::: "
_SIMPLE = {"UID": "UID", "FN": "Full name", "TITLE": "Job title", "LANG": "Language", "NOTE": "Note"}
_MANY = {"EMAIL": "Email", "TEL": "Phone", "IMPP": "Messenger", "CATEGORIES": "Tags"}
_LONGEST = 100_000
_MOST_LINES = 2_000
_PARAMETER = re.compile(r';([^=;:]+)(?:=("[^"]*"|[^;:]*))?')


def to_csv(lines, out):
    """Write cards as a table. `lines` are lines of text, `out` is a text file. Returns the number of cards.

    Raises FileUnreadable for a card without an end.
    """
    writer = csv.writer(out)
    writer.writerow(HEADERS)
    cards, card, size = 0, None, 0
    for name, parameters, value in map(_property, _unfolded(lines)):
        if name == "BEGIN" and value.strip().upper() == "VCARD":
            card, size = [], 0
        elif name == "END" and card is not None:
            cards += 1
            writer.writerow(_row(card))
            card = None
        elif card is not None and name:
            card.append((name, parameters, value))
            size += 1
            if size > _MOST_LINES:
                raise FileUnreadable(_("Card %(n)s has no end. Export the cards again.") % {"n": cards + 1})
    if card is not None:
        raise FileUnreadable(_("Card %(n)s has no end. Export the cards again.") % {"n": cards + 1})
    return cards


def _unfolded(lines):
    """Whole lines: a line that begins with a blank goes on with the one before, a quoted-printable one after “=”."""
    whole = ""
    for line in lines:
        line = line.rstrip("\r\n")
        if line[:1] in " \t":
            whole = (whole + line[1:])[:_LONGEST]
        elif whole.endswith("=") and "QUOTED-PRINTABLE" in whole[:200].upper():
            whole = (whole[:-1] + line)[:_LONGEST]
        else:
            if whole:
                yield whole
            whole = line[:_LONGEST]
    if whole:
        yield whole


def _property(line):
    """(NAME, {parameter: text in capitals}, value) of a line, decoded."""
    head, value = _cut(line)
    name, _mark, rest = head.partition(";")
    parameters = {}
    for key, given in _PARAMETER.findall(";" + rest if rest else ""):
        # In 2.1 the parameter's value stands alone: TEL;CELL;PREF:…
        key, given = (key.upper(), given.strip('"').upper()) if given else ("TYPE", key.upper())
        parameters[key] = f"{parameters[key]},{given}" if key in parameters else given
    if parameters.get("ENCODING") == "QUOTED-PRINTABLE" or "QUOTED-PRINTABLE" in parameters.get("TYPE", ""):
        with suppress(LookupError):
            raw = quopri.decodestring(value.encode("utf-8", "replace"))
            value = raw.decode(parameters.get("CHARSET", "utf-8").lower(), errors="replace")
    return name.rpartition(".")[2].strip().upper(), parameters, value


def _cut(line):
    """The line at its first colon outside quotes."""
    quoted = False
    for at, char in enumerate(line):
        if char == '"':
            quoted = not quoted
        elif char == ":" and not quoted:
            return line[:at], line[at + 1 :]
    return "", ""


def _row(card):
    cells = dict.fromkeys(HEADERS, "")
    many = {header: [] for header in _MANY.values()}
    for name, parameters, value in card:
        if name == "TEL" and {"FAX", "PAGER"} & set(parameters.get("TYPE", "").split(",")):
            continue
        if name in _MANY:
            many[_MANY[name]].append((_rank(parameters), _uri(name, _plain(value))))
        elif name in _SIMPLE:
            cells[_SIMPLE[name]] = cells[_SIMPLE[name]] or _plain(value).strip()
        elif name == "N":
            last, first, middle = (_parts(value) + ["", "", ""])[:3]
            cells |= {"Last name": last, "First name": first, "Middle name": middle}
        elif name == "ORG":
            cells["Company"] = cells["Company"] or _parts(value)[0]
        elif name == "ADR" and not cells["Street"] + cells["City"]:
            _box, more, street, city, region, postcode, country = (_parts(value) + [""] * 7)[:7]
            street = ", ".join(filter(None, (street, more)))
            cells |= {"Street": street, "City": city, "Region": region, "Postcode": postcode, "Country": country}
        elif name == "BDAY":
            # A day whose year is not known begins with two dashes.
            cells["Birthday"] = re.sub(r"^--(\d\d)-?(\d\d)$", r"--\1-\2", value.strip())
    for header, found in many.items():
        cells[header] = BETWEEN.join(dict.fromkeys(text for _rank_, text in sorted(found, key=lambda f: f[0]) if text))
    return list(cells.values())


def _rank(parameters):
    """Where an address stands among its kind: what is preferred comes first."""
    if "PREF" in parameters.get("TYPE", ""):
        return 0
    given = parameters.get("PREF", "")
    return int(given) if given.isdecimal() else 0 if "PREF" in parameters else 200


def _uri(name, value):
    """An address without its scheme, and no fax numbers' extension parameters."""
    value = value.strip()
    if name in {"TEL", "EMAIL"}:
        return re.sub(r"^(?:tel|mailto):", "", value, flags=re.IGNORECASE).split(";")[0].strip()
    return value


def _parts(value):
    """The components of a structured value, cut at semicolons that are not escaped."""
    return [_plain(part).strip() for part in re.split(r"(?<!\\);", value)]


def _plain(value):
    return re.sub(r"\\(.)", lambda m: "\n" if m[1] in "nN" else m[1], value)
