"""Makes the kinds that people define known to everything that knows kinds of record."""

from functools import partial

from django.db.models import Q
from django.utils.translation import gettext as _

from crm import access, custom, field_access, registry, search
from crm.custom import definitions
from crm.models import ObjectKind, ObjectRecord
from crm.objects import filters, listing, naming  # noqa: F401  register themselves
from crm.objects.forms import LookedAtForm, refusals
from crm.registry import Command, NavItem


@access.provider
def kinds():
    return [access.Kind(kind.subject, kind.plural, ObjectRecord, owned=True) for kind in ObjectKind.live()]


@definitions.provider
def targets():
    return [_target(kind) for kind in ObjectKind.live()]


@field_access.own_fields_of
def own_fields(name):
    """Those that roles can limit: what stands in the title everybody sees."""
    if (kind := ObjectKind.named(name)) is None:
        return []
    in_title = set(naming.SLOT.findall(kind.pattern))
    return [(field.name, field.label) for field in custom.fields_of(name) if field.key not in in_title]


def _target(kind):
    return custom.Target(
        kind.subject,
        ObjectRecord,
        kind.plural,
        kind.subject,
        form=lambda data, record, user: LookedAtForm(data, instance=record),
        condition=Q(kind=kind.pk),
        check=partial(refusals, kind),
        in_title=frozenset(naming.SLOT.findall(kind.pattern)),
    )


@registry.nav_provider
def places():
    return [
        NavItem("customers", kind.plural, "object_index", kind.icon, kind.subject, 13, args=(kind.code,))
        for kind in ObjectKind.live()
        if kind.in_navigation
    ]


@registry.command_provider
def commands():
    found = []
    for kind in ObjectKind.live():
        new = _("New: %(kind)s") % {"kind": kind.name}
        found.append(Command(new, "object_new", "plus", kind.subject, "edit", args=(kind.code,)))
        if not kind.in_navigation:
            found.append(Command(kind.plural, "object_index", kind.icon, kind.subject, args=(kind.code,)))
    return found


@search.provider
def sources():
    """One for each kind that has had records."""
    return [
        search.SearchSource(
            kind.subject,
            kind.plural,
            kind.icon,
            partial(_rows, kind),
            "name_key",
            lambda record: str(record.owner or ""),
            order=70,
        )
        for kind in ObjectKind.live()
        if kind.last_number
    ]


def _rows(kind):
    return ObjectRecord.objects.of(kind).select_related("owner")
