"""Rows that hang on a person or a company and are edited in place in their panel: addresses, roles, places.

Every answer is the whole panel, so that what a change moves elsewhere (another one is the main one now) is seen at once.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from contacts.models import Address, ContactPoint, Employment
from contacts.record_forms import AddressForm, EmploymentForm, PointForm
from contacts.services import addresses, employments, people, points
from contacts.views.fields import COMPANY, CONTACT
from crm import field_access, htmx
from crm.access import fetch

SUBJECTS = {"contact": CONTACT, "company": COMPANY}
REFUSALS = (points.PointRefused, employments.EmploymentRefused)


@dataclass(frozen=True)
class Child:
    """A kind of row. `keep(owner, data, row, by)` writes what the form cleaned, `main(row)` makes it the main one.

    `field` is the input to which a refusal belongs, `twins(user, owner, data)` others who have the same. `guard(row)`
    is the field of the person or company by which roles limit a row.
    """

    name: str
    line: str
    title: str
    add: str
    model: type
    form: type
    rows: Callable
    keep: Callable
    remove: Callable
    main: Callable
    subjects: tuple
    field: str
    twins: Callable | None = None
    guard: Callable | None = None

    def level(self, user, subject, row):
        """What the user may do with a row: see `crm.field_access`."""
        return field_access.level(user, subject, self.guard(row)) if self.guard else field_access.EDIT


def _keep_point(owner, data, row, by):
    if row is None:
        return points.add_point(owner, data["kind"], data["value"], primary=data["is_primary"], label=data["label"])
    marks = {name: data[name] for name in points.MARKS}
    return points.change_point(row, value=data["value"], label=data["label"], primary=data["is_primary"], **marks)


def _point_twins(user, owner, data):
    kind = data.get("kind")
    if kind not in {"email", "phone"}:
        return []
    mine = owner.pk if owner._meta.model_name == "contact" else None
    return points.same_people(user, exclude=mine, region=owner.country, **{kind: data["value"]})


def _keep_employment(owner, data, row, by):
    data = dict(data)
    name, moves = data.pop("company"), data.pop("moves", False)
    company = row.company if row and name == str(row.company) else people.company_named(name, by=by)
    if moves:
        return employments.move_to_company(owner, company, by=by, role=data["role"], since_on=data["since_on"])
    return employments.keep_employment(owner, company, by=by, employment=row, **data)


def _keep_address(owner, data, row, by):
    row = row or Address(**{owner._meta.model_name: owner})
    for name, value in data.items():
        setattr(row, name, value)
    row.save()
    return row


def _main_employment(row):
    row.is_primary = True
    employments.keep_employment(row.contact, row.company, by=None, employment=row, has_left=False, until_on=None)


CHILDREN = {
    child.name: child
    for child in (
        Child(
            "points", "contacts/rows/points.html", gettext_lazy("Addresses"), gettext_lazy("Add an email, phone or messenger"), ContactPoint, PointForm,
            points.points_of, _keep_point, points.remove_point,
            lambda row: points.add_point(row.contact or row.company, row.kind, row.value, primary=True),
            ("contact", "company"), "value", _point_twins, lambda row: row.kind,
        ),
        Child(
            "employments", "contacts/rows/employments.html", gettext_lazy("Roles in companies"), gettext_lazy("Add a role"), Employment, EmploymentForm,
            employments.employments_of, _keep_employment, employments.remove_employment, _main_employment,
            ("contact",), "company",
        ),
        Child(
            "places", "contacts/rows/places.html", gettext_lazy("Postal addresses"), gettext_lazy("Add a postal address"), Address, AddressForm,
            lambda owner: owner.addresses.order_by("pk"), _keep_address, lambda row: row.delete(), addresses.make_main,
            ("contact", "company"), "street", guard=lambda row: "address",
        ),
    )
}  # fmt: skip


def context(child, subject, owner, user, **more):
    """What the panel needs. `form` opens a row for editing, or a new one at the end."""
    rows = [row for row in child.rows(owner) if child.level(user, subject, row) > field_access.HIDDEN]
    for row in rows:
        row.is_locked = child.level(user, subject, row) < field_access.EDIT
    return {
        "child": child,
        "subject": subject,
        "owner": owner,
        "rows": rows,
        "line": child.line,
        **more,
    }


def index(request, subject, pk, name):
    """GET: the panel, with the form of a new row; POST: keep that row."""
    child, owner = _found(request, subject, pk, name)
    if request.method != "POST":
        form = child.form(owner=owner, by=request.user) if "cancel" not in request.GET else None
        return _panel(request, child, subject, owner, form=form)
    return _write(request, child, subject, owner, None)


def show(request, subject, pk, name, row_pk):
    """GET: the panel with this row open; POST: write it."""
    child, owner = _found(request, subject, pk, name)
    row = _row(request, child, subject, owner, row_pk)
    if request.method != "POST":
        form = child.form(instance=row, owner=owner, by=request.user)
        return _panel(request, child, subject, owner, form=form, open_row=row, was=_fingerprint(child, row))
    return _write(request, child, subject, owner, row)


@require_POST
def destroy(request, subject, pk, name, row_pk):
    child, owner = _found(request, subject, pk, name)
    child.remove(_row(request, child, subject, owner, row_pk))
    return _done(request, child, subject, owner, _("Removed."))


@require_POST
def main(request, subject, pk, name, row_pk):
    """Make it the main one."""
    child, owner = _found(request, subject, pk, name)
    child.main(_row(request, child, subject, owner, row_pk))
    return _done(request, child, subject, owner, _("That is the main one now."))


def _found(request, subject, pk, name):
    child = CHILDREN.get(name)
    if child is None or subject not in child.subjects:
        raise Http404
    return child, fetch(SUBJECTS[subject].model.objects.for_card(), request.user, pk, edit=True)


def _row(request, child, subject, owner, row_pk):
    """The row, as far as the user may change it: 404 for one that is hidden, 403 for one that is only to be seen."""
    row = child.rows(owner).filter(pk=row_pk).first()
    if row is None or (level := child.level(request.user, subject, row)) == field_access.HIDDEN:
        raise Http404
    if level < field_access.EDIT:
        raise PermissionDenied(field_access.refusal(child.title))
    return row


def _write(request, child, subject, owner, row):
    """Keep what was typed, or show the form again with what stands against it."""
    form = child.form(request.POST, instance=row, owner=owner, by=request.user)
    more = {"form": form, "open_row": row, "was": request.POST.get("was", "")}
    if not form.is_valid():
        return _panel(request, child, subject, owner, status=422, **more)
    if (
        child.twins
        and not row
        and "anyway" not in request.POST
        and (twins := child.twins(request.user, owner, form.cleaned_data))
    ):
        return _panel(request, child, subject, owner, status=422, twins=twins, **more)
    try:
        with transaction.atomic():
            if row is not None:
                row = child.rows(owner).select_for_update(of=["self"]).get(pk=row.pk)
                if more["was"] and _fingerprint(child, row) != more["was"]:
                    more["was"] = _fingerprint(child, row)
                    return _panel(request, child, subject, owner, status=422, conflict=row, **more)
            child.keep(owner, form.cleaned_data, row, request.user)
    except REFUSALS as refusal:
        form.add_error(child.field, str(refusal))
        return _panel(request, child, subject, owner, status=422, **more)
    return _done(request, child, subject, owner, _("Saved."))


def _fingerprint(child, row):
    """What the row says, as text: when it differs from what the form was opened with, somebody else was faster."""
    names = [field.attname for field in child.model._meta.concrete_fields]
    return "|".join(str(getattr(row, name)) for name in names)


def _panel(request, child, subject, owner, *, status=200, **more):
    template = "contacts/panels/rows.html" if request.htmx else "contacts/rows_page.html"
    return render(request, template, context(child, subject, owner, request.user, **more), status=status)


def _done(request, child, subject, owner, said):
    owner = fetch(type(owner).objects.for_card(), request.user, owner.pk)
    if not request.htmx:
        return htmx.redirect(request, owner.get_absolute_url(), said)
    page = _panel(request, child, subject, owner)
    return htmx.toast(htmx.refresh(page, f"{subject}:changed", "timeline:changed"), said)
