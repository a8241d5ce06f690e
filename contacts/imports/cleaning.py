"""One line of a file as clean values, or the reasons why not."""

import re
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from contacts.imports import full_names, values
from contacts.imports.mapping import columns
from contacts.imports.targets import COMPANY, targets
from contacts.models import Contact
from crm.text import digits, norm_phone, sort_key

# What stands for a list of values in one cell: “a; b”, “a ::: b”, lines.
_BETWEEN = re.compile(r"\s*(?: ::: |[;\n])\s*")
_TOLD_APART = re.compile(r"\s*,\s*")
_LONGEST_ID = 200


@dataclass(slots=True)
class CleanRow:
    """What a line says of a person and of companies; `reasons` is empty when it can be taken.

    `points` are (kind, as written, norm), the first of a kind being the main one. `person` and `company` hold values
    by the name of their target, `companies` the names, of which the first is the main one.
    """

    line: int
    cells: list
    person: dict = field(default_factory=dict)
    points: list = field(default_factory=list)
    company: dict = field(default_factory=dict)
    companies: list = field(default_factory=list)
    company_points: list = field(default_factory=list)
    reasons: list = field(default_factory=list)
    left: list = field(default_factory=list)  # what was not written although the row was taken, as sentences

    def first(self, kind):
        """(as written, norm) of the main address of a kind; ("", "") without one."""
        return next(((value, norm) for found, value, norm in self.points if found == kind), ("", ""))

    @property
    def emails(self):
        return [value for kind, value, _norm in self.points if kind == "email"]

    @property
    def phones(self):
        return [value for kind, value, _norm in self.points if kind == "phone"]

    @property
    def is_person(self):
        """Whether there is anybody: a line may speak of a company alone."""
        said = self.person
        return bool(self.points or said.get("first_name") or said.get("last_name") or said.get("external_id"))

    @property
    def name_key(self):
        return Contact.key_of(*(self.person.get(part, "") for part in ("first_name", "middle_name", "last_name")))

    def keys(self, chosen):
        """By what the person is recognised, best first, as texts such as “email:ann@example.com”."""
        found = []
        for key in chosen:
            if key == "external_id" and self.person.get("external_id"):
                found.append(f"external_id:{self.person['external_id']}")
            elif key in {"email", "phone"}:
                found += [f"{key}:{norm}" for kind, _value, norm in self.points if kind == key]
            elif key == "name_company" and self.companies and self.name_key:
                found.append(f"name_company:{self.name_key}|{sort_key(self.companies[0])}"[:500])
        return found

    def company_keys(self, name, chosen):
        """By what a company of the line is recognised, best first. Only the first one has more than its name."""
        found = []
        for key in chosen:
            if key == "company_name":
                found.append(f"{key}:{sort_key(name)}")
            elif name == self.companies[0] and key.startswith("company_") and self.company.get(key):
                value = self.company[key]
                found += [f"{key}:{one}" for one in (value[:1] if isinstance(value, list) else [value])]
        return found


class Cleaner:
    """Cleans the lines of a file. `mapping` is {column index: target}, `region` is where phones without + belong.

    Columns whose fields `by` may not change are left out.
    """

    def __init__(self, mapping, region, *, by=None):
        self.columns, self.region = columns(mapping, by), region
        self.targets = {item.name: item for _index, item in self.columns}
        if "full_name" in self.targets:
            known = targets()
            self.targets |= {part: known[part] for part in ("first_name", "middle_name", "last_name")}
            del self.targets["full_name"]

    def clean(self, line, cells):
        """The line as a CleanRow."""
        row = CleanRow(line, cells)
        raw = _raw(cells, self.columns)
        if "\ufffd" in "".join(text for texts in raw.values() for text in texts):
            row.reasons.append(_("Some characters cannot be read: the file mixes encodings. Save it as UTF-8."))
        if "full_name" in raw and not raw.keys() & {"first_name", "last_name"}:
            raw |= {part: [text] for part, text in full_names.parts(raw["full_name"][0]).items() if text}
        for name, item in self.targets.items():
            if name in raw:
                _take(row, item, raw[name], self.region)
        _name_company(row)
        if not row.reasons and not row.is_person and not row.companies:
            row.reasons.append(_("There is neither a name nor an email nor a phone."))
        return row


def _raw(cells, columns):
    """{target: its texts}, without those that say nothing."""
    width, raw = len(cells), {}
    for index, item in columns:
        if index < width and (text := cells[index].strip()) and not values.is_nothing(text):
            raw.setdefault(item.name, []).append(text)
    return raw


def _take(row, item, texts, region):
    """Clean the texts of one target into the row; what is unfit becomes a reason."""
    try:
        if item.name == "email":
            _add(row, "email", ((text, values.email(text)) for text in _each(texts, at_commas=True)))
        elif item.name == "phone":
            _add(row, "phone", ((text, _phone(text, region)) for text in _phones(texts)))
        elif item.name == "messenger":
            _add(row, "messenger", ((text, text.casefold()) for text in _each(texts)))
        elif item.name == "company_phone":
            row.company[item.name] = texts[0][:40]
            row.company_points.append(("phone", texts[0], _phone(texts[0], region)))
        elif item.name == "company_email":
            row.company[item.name] = values.email(texts[0])
            row.company_points.append(("email", texts[0], row.company[item.name]))
        elif item.name == "company":
            row.companies = [name for text in texts for name in item.clean(text)]
        elif item.name == "external_id":
            row.person["external_id"] = texts[0][:_LONGEST_ID]
        elif item.name == "tags":
            row.person["tags"] = list(dict.fromkeys(tag for text in texts for tag in item.clean(text)))
        elif item.name == "note":
            row.person["note"] = item.clean("\n\n".join(texts))
        else:
            said = row.company if item.on == COMPANY else row.person
            said[item.name] = item.clean(texts[0])
    except values.Unfit as unfit:
        row.reasons.append(str(unfit))


def _add(row, kind, found):
    known = {norm for k, _value, norm in row.points if k == kind}
    for value, norm in found:
        if norm not in known:
            known.add(norm)
            row.points.append((kind, value[:254], norm[:254]))


def _each(texts, *, at_commas=False):
    """The single values of cells that may hold several."""
    for text in texts:
        for part in _BETWEEN.split(text):
            yield from filter(None, _TOLD_APART.split(part) if at_commas else (part,))


def _phones(texts):
    """The phones of cells. A comma cuts only where both sides could be numbers: “…, ext. 5” stays together."""
    for part in _each(texts):
        pieces = _TOLD_APART.split(part)
        yield from pieces if all(len(digits(piece)) >= 5 for piece in pieces) else (part,)


def _phone(text, region):
    norm = norm_phone(text.strip(" '"), region)
    if not norm:
        raise values.Unfit(_("“%(value)s” is not a phone number.") % {"value": text[:80]})
    return norm


def _name_company(row):
    """A company of which only a number or an address is known is called by that."""
    said = row.company
    if not row.companies and (name := said.get("company_domain") or said.get("company_inn")):
        row.companies = [name]
    if not row.companies:
        row.company = {}
