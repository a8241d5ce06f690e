"""Acts on selected rows: those picked, or everything that fits the filter.

A few picked rows change at once; more, and the whole filter, become a job. Rights are asked again for each batch.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django import forms
from django.core.exceptions import FieldDoesNotExist
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from crm import access, jobs
from crm.access import Owned
from crm.models import User

BATCH = 500
AT_ONCE = 100


@dataclass(frozen=True)
class BulkAct:
    """`apply(rows, data, by)` changes a list of locked rows; `data` is the form's cleaned data as JSON.

    `act` is the right that each row needs ("edit" or "delete"), `danger` asks to type the number of rows.
    """

    name: str
    label: str
    icon: str
    apply: Callable
    form: type | None = None
    act: str = "edit"
    danger: bool = False
    kind_needed: str = ""


class AssignForm(forms.Form):
    owner = forms.ModelChoiceField(User.objects.filter(is_active=True).order_by("name"), label=_("New owner"))


class TagForm(forms.Form):
    tag = forms.CharField(label=_("Tag"), max_length=60)
    how = forms.ChoiceField(label=_("What to do"), choices=[("add", _("add it")), ("remove", _("take it off"))])


def _assign(rows, data, by):
    owner = User.objects.get(pk=data["owner"])
    for row in rows:
        row.assign_to(owner)
        row.save()


def _tag(rows, data, by):
    for row in rows:
        held = [t for t in row.tags if t != data["tag"]]
        row.tags = [*held, data["tag"]] if data["how"] == "add" else held
        row.save()


def _delete(rows, data, by):
    for row in rows:
        row.delete()


ASSIGN = BulkAct("assign", _("Owner"), "user", _assign, AssignForm)
TAG = BulkAct("tag", _("Tag"), "tag", _tag, TagForm)
DELETE = BulkAct("delete", _("Delete"), "trash", _delete, act="delete", danger=True)

_acts: dict[str, list[BulkAct]] = {}


def bulk(list_name, act):
    """Add an act to a list, or put one of your own in place of assign, tag or delete."""
    _acts.setdefault(list_name, []).append(act)


def acts_of(page, user):
    """Acts the user may do in a list: the common ones where the model allows them, then those of the apps."""
    found = {}
    if issubclass(page.model, Owned):
        found["assign"] = ASSIGN
    if _has_tags(page.model):
        found["tag"] = TAG
    found |= {act.name: act for act in _acts.get(page.name, [])}
    found.setdefault("delete", DELETE)
    return [
        act
        for act in found.values()
        if access.may(user, page.kind, act.act) and (not act.kind_needed or access.may(user, act.kind_needed, "edit"))
    ]


def act_named(page, user, name):
    return next((act for act in acts_of(page, user) if act.name == name), None)


def _has_tags(model):
    try:
        return bool(model._meta.get_field("tags"))
    except FieldDoesNotExist:
        return False


def apply_to(page, act, keys, data, by):
    """Do an act to the rows with these keys that `by` may change. Returns (changed, refused)."""
    with transaction.atomic():
        rows = page.model.objects.filter(pk__in=keys).visible_to(by)
        rows = rows.deletable_by(by) if act.act == "delete" else rows.editable_by(by)
        found = list(page.model._base_manager.filter(pk__in=rows.values("pk")).select_for_update(of=("self",)))
        act.apply(found, data, by)
    return len(found), len(keys) - len(found)


@jobs.job("lists.bulk", _("Change many records"), icon="list-check")
def run_bulk(run):
    """The job: batches by key, so that a second run goes on where the first stopped."""
    from crm.lists.page import page_named, thaw

    page = page_named(run.params["wish"]["list"])
    act = act_named(page, run.by, run.params["act"])
    if act is None:
        raise jobs.JobFailed(_("You may no longer do this. Ask an administrator."))
    last, data = (run.checkpoint or {}).get("last", 0), run.params["data"]
    keys = run.params.get("keys")
    rows = thaw(run.params["wish"], run.by).base() if keys is None else page.model.objects.filter(pk__in=keys)
    if not last:
        run.start(rows.count())
    while batch := list(rows.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:BATCH]):
        with transaction.atomic():
            changed, refused = apply_to(page, act, batch, data, run.by)
            last = batch[-1]
            run.advance(len(batch), checkpoint={"last": last}, changed=changed, refused=refused)
    counters = run.row.counters
    return {
        "rows": [
            [str(_("Changed")), counters.get("changed", 0)],
            [str(_("Left alone, because you may not change them")), counters.get("refused", 0)],
        ]
    }
