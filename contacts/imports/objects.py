"""What the columns of a file may become in a kind of record that people have defined, and by what records are known."""

from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from contacts.imports.mapping import last_like, normal
from contacts.models import ImportRun
from crm import custom
from crm.models import CustomField, User
from crm.objects import naming
from crm.objects.relations import relations_of, target_named
from crm.picking import find_in

Mode = ImportRun.Duplicates
MOST_NAMES = 10_000  # records and colleagues that are remembered by name


@dataclass(frozen=True)
class Target:
    """What a column may become."""

    name: str
    label: str
    headers: tuple = ()


def targets(kind, user):
    """What the columns of a file may become for this user."""
    found = [] if kind.pattern else [Target("title", kind.title_label, ("title", "name", "название", "наименование"))]
    found.append(Target("owner", str(_("Owner")), ("owner", "ответственный")))
    found += [Target(item.name, item.label, (item.key.replace("_", " "),)) for item in _own(kind, user)]
    return found + [Target(relation.name, relation.label) for relation in relations_of(kind)]


def _own(kind, user):
    return custom.import_targets(kind.subject, user)


def keys(kind, user):
    """(name, label) of what known records may be recognised by."""
    compared = {f"cf_{found.key}" for found in custom.fields_of(kind.subject, user) if found.kind in naming.COMPARED}
    return [(t.name, t.label) for t in targets(kind, user) if t.name == "title" or t.name in compared]


def slow_key(kind, name):
    """The own field of a key by which records cannot be looked up at once, or None."""
    found = custom.field_named(kind.subject, name.removeprefix("cf_")) if name.startswith("cf_") else None
    if found is None or found.key == kind.unique_by:
        return None
    return None if found.is_filterable and found.index_state == CustomField.Index.READY else found


def known_headers(kind, user=None):
    """{normal header: name of the target}."""
    found = {}
    for target in targets(kind, user):
        for name in (target.label, *target.headers):
            found.setdefault(normal(str(name)), target.name)
    return found


def guess(headers, kind, user):
    """{column index as text: target}, by the headers; the first of two columns wins."""
    known, found = known_headers(kind, user), {}
    for index, header in enumerate(headers):
        name = known.get(normal(header))
        if name and name not in found.values():
            found[str(index)] = name
    return found


def recall(run, user):
    """Take over what was chosen for the last file with the same columns; else records are known by what only one has."""
    kind = run.kind
    run.match = ["title" if kind.unique_by == "title" else f"cf_{kind.unique_by}"] if kind.unique_by else []
    if last := last_like(run, user):
        known = {target.name for target in targets(kind, user)}
        run.mapping = {index: name for index, name in last.mapping.items() if name in known}
        run.duplicates, run.match = last.duplicates, [key for key in last.match if key in known]


@dataclass
class Row:
    """One line: what it says of a record, and why it cannot be taken."""

    line: int
    cells: list
    title: str = ""
    owner: User | None = None
    own: dict = field(default_factory=dict)  # {key of an own field: stored value}
    ties: list = field(default_factory=list)  # [(relation, record)]
    said: dict = field(default_factory=dict)  # {target: text}
    reasons: list = field(default_factory=list)


class Reader:
    """Turns lines into rows, as the run maps its columns, in the name of whoever imports."""

    def __init__(self, run):
        self.kind, self.by = run.kind, run.by
        self.columns = {int(index): name for index, name in run.mapping.items()}
        self.parsers = {item.name: item for item in _own(run.kind, run.by)}
        self.relations = {relation.name: relation for relation in relations_of(run.kind)}
        self._named = {}

    def read(self, line, cells):
        row = Row(line, cells)
        for index, name in self.columns.items():
            if index < len(cells) and (text := cells[index].strip()):
                row.said[name] = text
        row.title = row.said.get("title", "")[: naming.LONGEST]
        for name, text in row.said.items():
            try:
                self._take(row, name, text)
            except ValueError as refusal:
                row.reasons.append(str(refusal))
        return row

    def _take(self, row, name, text):
        if name == "owner":
            row.owner = self._once("owner", text, self._colleague)
        elif name in self.parsers:
            item = self.parsers[name]
            try:
                row.own[item.key] = item.parse(text)
            except ValueError as refusal:
                raise ValueError(f"{item.label}: {refusal}") from None
        elif relation := self.relations.get(name):
            rows = target_named(relation.target).rows().visible_to(self.by)
            try:
                row.ties.append((relation, self._once(name, text, lambda typed: find_in(rows, typed))))
            except ValueError as refusal:
                raise ValueError(f"{relation.label}: {refusal}") from None

    def missing(self, row):
        """Why no record can be made of a row: required relations and a title; [] when nothing is missing."""
        tied = {relation.name for relation, _other in row.ties}
        asked = [r.label for name, r in self.relations.items() if r.is_required and name not in tied]
        found = [_("Fill in “%(field)s”.") % {"field": label} for label in asked]
        if not row.title and not self.kind.pattern:
            found.insert(0, _("There is no “%(field)s”.") % {"field": self.kind.title_label})
        return found

    def _once(self, name, text, find):
        """Look a name up once for all lines that say it."""
        if len(self._named) > MOST_NAMES:
            self._named.clear()
        if (name, text) not in self._named:
            self._named[name, text] = find(text)
        return self._named[name, text]

    def _colleague(self, text):
        active = User.objects.filter(is_active=True)
        found = active.filter(email__iexact=text) or active.filter(name__iexact=text)
        if len(found) != 1:
            raise ValueError(_("There is no colleague “%(name)s”.") % {"name": text})
        return found[0]
