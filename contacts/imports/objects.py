"""Import into a kind of record that people have defined: which column is what, and one row after the other.

Reading is that of the import of people; what is written goes through the services of the kind, so every rule holds:
required and locked fields, what no two records may share, the rights of whoever imports.
"""

from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from contacts.imports.mapping import normal
from crm import custom
from crm.models import ObjectRecord, User
from crm.objects import naming, records, ties
from crm.objects.relations import relations_of, target_named
from crm.picking import find_in
from crm.text import sort_key

CREATE, UPDATE, BOTH = "create", "update", "both"


class Refused(ValueError):
    """A row that is not taken; the message says why."""


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
    compared = {f"cf_{field.key}" for field in custom.fields_of(kind.subject, user) if field.kind in naming.COMPARED}
    return [(t.name, t.label) for t in targets(kind, user) if t.name == "title" or t.name in compared]


def guess(headers, kind, user):
    """{column index as text: target}, by the headers; the first of two columns wins."""
    known = {}
    for target in targets(kind, user):
        for name in (target.label, *target.headers):
            known.setdefault(normal(str(name)), target.name)
    found = {}
    for index, header in enumerate(headers):
        name = known.get(normal(header))
        if name and name not in found.values():
            found[str(index)] = name
    return found


class Importer:
    """Writes rows. `write(cells)` says what became of one: "created", "updated" or "skipped"; it raises Refused."""

    def __init__(self, kind, mapping, *, key, mode, by):
        self.kind, self.key, self.mode, self.by = kind, key, mode, by
        self.columns = {int(index): name for index, name in mapping.items()}
        self.parsers = {item.name: item for item in _own(kind, by)}
        self.relations = {relation.name: relation for relation in relations_of(kind)}

    def write(self, cells):
        values = {
            name: cells[index].strip()
            for index, name in self.columns.items()
            if index < len(cells) and cells[index].strip()
        }
        if not values:
            return "skipped"
        found = self._known(values)
        try:
            with transaction.atomic():
                return self._update(found, values) if found else self._create(values)
        except Refused:
            raise
        except ValueError as refusal:  # of the services: a rule, a twin, a name that nobody has
            raise Refused(str(refusal)) from None

    def _known(self, values):
        """The record that a row speaks of, or None. Raises Refused when several could be meant."""
        if not self.key or self.key not in values:
            return None
        rows = ObjectRecord.objects.of(self.kind).visible_to(self.by)
        if self.key == "title":
            rows = rows.filter(name_key=sort_key(values["title"]))
        else:
            item = self.parsers[self.key]
            rows = rows.filter(**{f"custom__{item.key}": self._parsed(self.key, values)})
        found = list(rows.with_rights(self.by)[:2])
        if len(found) > 1:
            raise Refused(_("Several records could be meant. Give the column another value."))
        return found[0] if found else None

    def _create(self, values):
        if self.mode == UPDATE:
            return "skipped"
        title = values.get("title", "")
        if not title and not self.kind.pattern:
            raise Refused(_("There is no “%(field)s”.") % {"field": self.kind.title_label})
        own = {key: value for key, value in self._own_values(values).items() if value is not None}
        checked = custom.check(
            self.kind.subject, None, custom.defaults(self.kind.subject, self.by) | own, by=self.by, whole=True
        )
        record = records.create_record(self.kind, title, by=self.by, owner=self._owner(values), custom=checked)
        self._tie(record, values, is_new=True)
        return "created"

    def _update(self, record, values):
        if self.mode == CREATE:
            return "skipped"
        if not record.can_edit:
            raise Refused(_("You may not change “%(record)s”.") % {"record": record})
        if own := self._own_values(values):
            # Written on the row as it is now: what others write into other fields meanwhile stays.
            custom.write(record, own, by=self.by)
        if values.get("title") and self.key != "title":
            records.change_title(record, values["title"], by=self.by)
        if (owner := self._owner(values)) is not None:
            records.assign(record, owner, by=self.by)
        self._tie(record, values, is_new=False)
        return "updated"

    def _own_values(self, values):
        return {self.parsers[name].key: self._parsed(name, values) for name in values if name in self.parsers}

    def _parsed(self, name, values):
        item = self.parsers[name]
        try:
            return item.parse(values[name])
        except ValueError as refusal:
            raise Refused(f"{item.label}: {refusal}") from None

    def _owner(self, values):
        if "owner" not in values:
            return None
        text = values["owner"]
        found = User.objects.filter(is_active=True, email__iexact=text) or User.objects.filter(
            is_active=True, name__iexact=text
        )
        if len(found) != 1:
            raise Refused(_("There is no colleague “%(name)s”.") % {"name": text})
        return found[0]

    def _tie(self, record, values, *, is_new):
        for name, relation in self.relations.items():
            if name in values:
                rows = target_named(relation.target).rows().visible_to(self.by)
                try:
                    ties.tie(relation, record, find_in(rows, values[name]), by=self.by)
                except ValueError as refusal:
                    raise Refused(f"{relation.label}: {refusal}") from None
            elif is_new and relation.is_required:
                raise Refused(_("Fill in “%(field)s”.") % {"field": relation.label})
