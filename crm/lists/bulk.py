"""Acts on selected rows: those picked, or everything that fits the filter.

A few picked rows change at once; more, and the whole filter, become a job (`crm.lists.runs`). Rights are asked again
for each batch.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django import forms
from django.core.exceptions import FieldDoesNotExist
from django.db import transaction
from django.db.models import ProtectedError, RestrictedError
from django.http import QueryDict
from django.utils.translation import gettext, override
from django.utils.translation import gettext_lazy as _

from crm import access, audit, tags
from crm.access import Owned
from crm.models import User
from crm.notify import notify

AT_ONCE = 100


@dataclass(frozen=True)
class BulkAct:
    """`apply(page, rows, data, by)` changes locked rows of a list; `data` is the form's cleaned data as JSON.

    It returns how many rows it had to leave alone, or None. `act` is the right that each row needs ("edit" or
    "delete"), `danger` asks to type the number of rows. `restore(page, rows, by)` takes the act back: rows as they
    are, each with the dict of its fields' earlier values.
    """

    name: str
    label: str
    icon: str
    apply: Callable
    form: type | None = None
    act: str = "edit"
    danger: bool = False
    kind_needed: str = ""
    restore: Callable | None = None

    def can_be_taken_back(self, page, data):
        """Whether the act can be undone when it is done with this data."""
        return self.restore is not None and page.takes_back(data.get("field", ""))


class AssignForm(forms.Form):
    owner = forms.ModelChoiceField(User.objects.filter(is_active=True).order_by("name"), label=_("New owner"))


class TagForm(forms.Form):
    tag = forms.CharField(label=_("Tag"), max_length=60)
    how = forms.ChoiceField(label=_("What to do"), choices=[("add", _("add it")), ("remove", _("take it off"))])


def _assign(page, rows, data, by):
    owner = User.objects.get(pk=data["owner"])
    others = [row for row in rows if row.owner_id != owner.pk]
    for row in others:
        page.assign(row, owner, by)
    if others and owner != by:
        # One word for the whole act, not one for each of a thousand rows.
        with override(owner.language):
            text = gettext("%(by)s gave you records: %(list)s") % {"by": by, "list": page.title}
        notify(owner, "records.assigned", text, page.url, key=audit.context_id())


def _assign_back(page, rows, by):
    owners = User.objects.in_bulk({before["owner_id"] for _row, before in rows if before.get("owner_id")})
    for row, before in rows:
        if "owner_id" in before:
            page.assign(row, owners.get(before["owner_id"]), by)
        if before.get("team_id") != row.team_id and "team_id" in before:
            row.team_id = before["team_id"]
            row.save(update_fields=["team"])


def _tag(page, rows, data, by):
    if data["how"] == "add":
        tags.note([data["tag"]])
    for row in rows:
        held = [t for t in row.tags if t != data["tag"]]
        wanted = [*held, data["tag"]] if data["how"] == "add" else held
        if wanted != row.tags and not (data["how"] == "add" and data["tag"] in row.tags):
            row.tags = wanted
            row.save(update_fields=["tags"])


def _tag_back(page, rows, by):
    for row, before in rows:
        row.tags = before["tags"]
        row.save(update_fields=["tags"])


def _edit(page, rows, data, by):
    name, kept = data["field"], 0
    column = page.column_edited(name, by)
    if column is None:
        return len(rows)
    editor, typed = page.editor(column), QueryDict(mutable=True)
    typed.setlist(name, data["value"] if isinstance(data["value"], list) else [data["value"]])
    for row in rows:
        form = editor.cell_form(name, row, typed, by=by)
        if form.is_valid():
            editor.write(row, form, name, by)
        else:
            kept += 1
    return kept


def _edit_back(page, rows, by):
    for row, before in rows:
        page.put_back(row, before, by)


def _delete(page, rows, data, by):
    kept = 0
    for row in rows:
        try:
            with transaction.atomic():
                page.delete(row, by)
        except (ProtectedError, RestrictedError):
            kept += 1
    return kept


ASSIGN = BulkAct("assign", _("Owner"), "user", _assign, AssignForm, restore=_assign_back)
TAG = BulkAct("tag", _("Tag"), "tag", _tag, TagForm, restore=_tag_back)
EDIT = BulkAct("edit", _("Change"), "edit", _edit, restore=_edit_back)
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
    if page.editable_many(user):
        found["edit"] = EDIT
    if _has_tags(page.model):
        found["tag"] = TAG
    found |= {act.name: act for act in _acts.get(page.name, [])}
    if page.deletable:
        found.setdefault("delete", DELETE)
    return [
        act
        for act in found.values()
        if page.may(user, act.act) and (not act.kind_needed or access.may(user, act.kind_needed, "edit"))
    ]


def act_named(page, user, name):
    return next((act for act in acts_of(page, user) if act.name == name), None)


def _has_tags(model):
    try:
        return bool(model._meta.get_field("tags"))
    except FieldDoesNotExist:
        return False


def apply_to(page, act, keys, data, by):
    """Do an act to the rows with these keys that `by` may change. Returns (changed, left alone)."""
    with transaction.atomic():
        rows = page.model.objects.filter(pk__in=keys).visible_to(by)
        rows = rows.deletable_by(by) if act.act == "delete" else rows.editable_by(by)
        found = locked(page, rows)
        kept = act.apply(page, found, data, by) or 0
    return len(found) - kept, len(keys) - len(found) + kept


def locked(page, rows):
    """The rows, held until the transaction ends."""
    return list(page.model._base_manager.filter(pk__in=rows.values("pk")).select_for_update(of=("self",)))
