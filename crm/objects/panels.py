"""Blocks of record pages: whom a record is tied to, and on the other side which records are tied to it."""

from functools import partial
from urllib.parse import urlencode

from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from crm import access, files, registry
from crm.conditions.widgets import dump
from crm.models import ObjectKind, ObjectRecord
from crm.objects.relations import relations_of, relations_to, target_named, tied, tied_back
from crm.registry import Panel
from crm.views import participants

SHOWN = 10
COUNTED = 100
FILES = 20


@registry.panel_provider
def panels(subject):
    """The relations that lead here; on the page of a record of a kind also its own, its files and who works on it."""
    found = [_back(subject, relation) for relation in relations_to(subject)]
    kind = ObjectKind.named(subject)
    if kind is None:
        return found
    forward = [_forward(subject, relation) for relation in relations_of(kind)]
    return [
        *forward,
        *found,
        Panel(subject, "files", _("Files"), _files, "right", 90),
        Panel(subject, "participants", _("Who works on it"), participants.panel, "left", 50),
    ]


def _forward(subject, relation):
    target = target_named(relation.target)
    render = partial(_ties, relation, False)
    return Panel(subject, relation.name, relation.label, render, "right", 20, target.name, target.icon)


def _back(subject, relation):
    kind = relation.kind
    render = partial(_ties, relation, True)
    return Panel(subject, f"back_{relation.pk}", relation.back_label, render, "right", 40, kind.subject, kind.icon)


def _ties(relation, back, request, here):
    """The records on the other side, a link to all of them, and what ties or makes one."""
    user, kind = request.user, relation.kind
    found = tied_back(relation, here, user) if back else tied(relation, here, user)
    rows = list(found.order_by("name_key", "pk")[: COUNTED + 1])
    may_tie = access.may(user, kind.subject, "edit") if back else getattr(here, "can_edit", False)
    _may_untie(relation, back, user, here, rows[:SHOWN])
    context = {
        "relation": relation,
        "kind": kind,
        "here": here,
        "back": back,
        "label": relation.back_label if back else relation.label,
        "icon": kind.icon if back else target_named(relation.target).icon,
        "rows": rows[:SHOWN],
        "count": len(rows),
        "counted": COUNTED,
        "may_tie": may_tie,
        "box": f"tie-{relation.pk}{'-back' if back else ''}",
        "tie_url": _tie_url(relation, back, here),
        "replaces": not back and relation.is_single and rows,
        "all_url": _all_url(relation, here) if back and rows else "",
        "other": kind.subject if back else relation.target,
    }
    return render_to_string("crm/objects/_ties.html", context, request)


def _may_untie(relation, back, user, here, rows):
    """Give each row the address that takes its tie away, where the record of the relation's kind may be changed."""
    code = relation.kind.code
    editable = set()
    if back:
        mine = ObjectRecord.objects.editable_by(user).filter(pk__in=[row.pk for row in rows])
        editable = set(mine.values_list("pk", flat=True))
    for row in rows:
        record, other = (row, here) if back else (here, row)
        row.may_untie = row.pk in editable if back else getattr(here, "can_edit", False)
        row.untie_url = reverse("object_tie_delete", args=[code, record.pk, relation.name, other.pk])


def _tie_url(relation, back, here):
    if back:
        return reverse("object_tie_back", args=[relation.kind.code, relation.name, here.pk])
    return reverse("object_tie_create", args=[relation.kind.code, here.pk, relation.name])


def _all_url(relation, here):
    """The list of the kind, filtered by this one."""
    tree = {"all": [{"field": relation.name, "op": "is", "value": here.pk}]}
    return reverse("object_index", args=[relation.kind.code]) + "?" + urlencode({"f": dump(tree)})


def _files(request, record):
    context = {
        "files": files.files_of(record)[:FILES],
        "add_at": reverse("object_file_create", args=[record.definition.code, record.pk]),
        "can_add": record.can_edit,
    }
    return render_to_string("components/files.html", context, request)
