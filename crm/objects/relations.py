"""What records may be tied to, and the ties of records, looked up for many at once."""

from collections import defaultdict
from dataclasses import dataclass

from crm.models import ObjectKind, ObjectRecord, ObjectRelation, RecordLink


@dataclass(frozen=True)
class Target:
    """Records that relations may lead to: what roles call them, their model, and the table of the ties."""

    name: str
    model: type
    link: type
    label: str
    icon: str = "link"

    def rows(self):
        """All records of the kind."""
        kind = ObjectKind.named(self.name)
        return ObjectRecord.objects.of(kind) if kind else self.model.objects.all()


_targets: dict[str, Target] = {}


def register_target(name, model, link, *, label, icon):
    """Let records of an app be related to. Call it in extensions.py."""
    _targets[name] = Target(name, model, link, label, icon)


def targets():
    """Everything that a relation may lead to: what the apps have registered, then the kinds in use."""
    return [*_targets.values(), *map(_of_kind, ObjectKind.live())]


def target_named(name):
    """The target, or None."""
    if name in _targets:
        return _targets[name]
    kind = ObjectKind.named(name)
    return _of_kind(kind) if kind else None


def _of_kind(kind):
    return Target(kind.subject, ObjectRecord, RecordLink, kind.plural, kind.icon)


def relations_of(kind):
    """The relations in use of a kind, in their order."""
    return [r for r in ObjectRelation.live() if r.kind_id == kind.pk and target_named(r.target)]


def relations_to(name):
    """The relations in use that lead to records of that name."""
    return [r for r in ObjectRelation.live() if r.target == name and target_named(name)]


def relation_named(kind, name):
    """The relation of a kind called "rel_…", or None."""
    return next((r for r in relations_of(kind) if r.name == name), None)


def links_of(relation):
    """All ties of a relation."""
    return target_named(relation.target).link.objects.filter(relation=relation.pk)


def tied(relation, record, user):
    """The records that one record is tied to, as far as the user may see them, by name."""
    target = target_named(relation.target)
    keys = links_of(relation).filter(record=record.pk).values("target")
    return target.rows().visible_to(user).filter(pk__in=keys).order_by("name_key", "pk")


def tied_back(relation, other, user):
    """The records of the relation's kind that are tied to `other`, as far as the user may see them."""
    keys = links_of(relation).filter(target=other.pk).values("record")
    return ObjectRecord.objects.of(relation.kind).visible_to(user).filter(pk__in=keys)


def tied_of_many(relation, rows, user):
    """{key of a record: [records it is tied to]} for a page of rows, in two queries."""
    pairs = list(links_of(relation).filter(record__in=[row.pk for row in rows]).values_list("record", "target"))
    target = target_named(relation.target)
    seen = target.rows().visible_to(user).in_bulk({other for _row, other in pairs})
    found = defaultdict(list)
    for row, other in pairs:
        if other in seen:
            found[row].append(seen[other])
    return found
