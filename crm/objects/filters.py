"""What may be asked about records of a kind, and about whom they are tied to."""

from functools import partial

from django.db.models import Exists, OuterRef, Subquery
from django.utils.translation import gettext_lazy as _

from crm import conditions
from crm.conditions import Field, Relation, Subject
from crm.custom import filters as own_fields
from crm.models import ObjectKind, ObjectRecord
from crm.models.object_kind import PREFIX
from crm.objects.relations import links_of, relations_of, relations_to, target_named

GROUP = _("Relations")


class Objects:
    """The source of subjects for the condition language."""

    @staticmethod
    def subject_named(name):
        kind = ObjectKind.named(name)
        if kind is None:
            return None
        rows = partial(ObjectRecord.objects.of, kind)
        return Subject(name, ObjectRecord, kind.plural, event_link="target_id", rows=rows, kind=name)

    @staticmethod
    def fields_of(name):
        kind = ObjectKind.named(name)
        if kind is None:
            return []
        plain = [
            Field("title", kind.title_label, "text", path="name_key", key="name_key"),
            Field("number", _("Number"), "number"),
            Field("owner", _("Owner"), "person", path="owner_id"),
            Field("created", _("Added"), "datetime", path="created_at"),
            Field("changed", _("Changed"), "datetime", path="updated_at"),
            Field("next_step", _("Next step"), "datetime", path="next_step_at"),
        ]
        return plain + [_field(relation) for relation in relations_of(kind)] + own_fields.fields_for(name)

    @staticmethod
    def relations_of(name):
        there = []
        if name.startswith(PREFIX) and (kind := ObjectKind.named(name)):
            there = [_forward(relation) for relation in relations_of(kind)]
        return there + [_back(relation) for relation in relations_to(name)]


def _field(relation):
    """Which record it is tied to, to be chosen by name."""
    single = None
    if relation.is_single:
        single = partial(_single, relation)
    return Field(
        relation.name,
        relation.label,
        "record",
        subject=relation.target,
        match=partial(_tied, relation),
        expression=single,
        kind_needed=relation.target,
        group=GROUP,
    )


def _tied(relation, values, context):
    """Rows tied to any of these records, or to any at all."""
    links = links_of(relation).filter(record=OuterRef("pk"))
    return Exists(links if values is None else links.filter(target__in=values))


def _single(relation):
    return Subquery(links_of(relation).filter(record=OuterRef("pk")).values("target")[:1])


def _forward(relation):
    target = target_named(relation.target)
    return Relation(
        relation.name,
        relation.label,
        target.name,
        link="record_id",
        rows=target.rows,
        kind_needed=target.name,
        through=lambda rows: links_of(relation).filter(target__in=rows.order_by().values("pk")),
        says=_("have %(what)s") % {"what": f"“{relation.label}”"},
        says_not=_("have no %(what)s") % {"what": f"“{relation.label}”"},
    )


def _back(relation):
    kind = relation.kind
    return Relation(
        f"back_{relation.pk}",
        relation.back_label,
        kind.subject,
        link="target_id",
        at="created_at",
        rows=partial(ObjectRecord.objects.of, kind),
        kind_needed=kind.subject,
        through=lambda rows: links_of(relation).filter(record__in=rows.order_by().values("pk")),
        says=_("have %(what)s") % {"what": f"“{relation.back_label}”"},
        says_not=_("have no %(what)s") % {"what": f"“{relation.back_label}”"},
    )


conditions.source(Objects())
