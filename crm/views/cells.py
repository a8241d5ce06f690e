"""One field of one row, changed in its cell of a list."""

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from crm import access, audit, field_access, htmx
from crm.lists.bulk import locked
from crm.lists.cells import as_read, with_pencil
from crm.lists.columns import prepare
from crm.lists.page import page_named
from crm.models import User


def cell(request, name, pk, field):
    """GET gives the small form, or with `shown` the cell as it stands; POST writes.

    What was typed stays when it is refused, or when somebody else has written there meanwhile.
    """
    page = page_named(name)
    column = page.column_edited(field, request.user) if page else None
    if column is None and page:
        _explain(page, field, request.user)
    if column is None or (column.kind_needed and not access.may(request.user, column.kind_needed)):
        raise Http404
    page.require(request.user)
    editor = page.editor(column)
    if request.method != "POST" and "shown" in request.GET:
        return _shown(request, page, column, pk)
    row = access.fetch(page.rows().select_related(*column.related), request.user, pk, edit=True)
    if request.method != "POST":
        form = editor.cell_form(field, row, by=request.user)
        return _asked(request, page, column, row, form, was=editor.typed_value(row, field))
    with transaction.atomic():
        row = locked(page, page.model.objects.visible_to(request.user).filter(pk=pk))[0]
        now = editor.typed_value(row, field)
        form = editor.cell_form(field, row, request.POST, by=request.user)
        if not form.is_valid():
            return _asked(request, page, column, row, form, was=request.POST.get("was", ""), status=422)
        if request.POST.get("was", "") != now:
            conflict = _conflict(page, column, row, form, request.POST.get("was", ""))
            return _asked(request, page, column, row, form, was=now, conflict=conflict, status=422)
        editor.write(row, form, field, request.user)
    if not request.htmx:
        wanted = request.POST.get("next", "")
        safe = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, request.is_secure())
        return htmx.redirect(request, wanted if safe else page.url, _("Saved."))
    return _shown(request, page, column, pk)


def _explain(page, field, user):
    """A column that is there, but not for this user to change, says so. Raises PermissionDenied."""
    column = page.column_edited(field, None)
    if column and field_access.level_of_column(user, page.model, column) < field_access.EDIT:
        raise PermissionDenied(field_access.refusal(column.label))


def _conflict(page, column, row, form, was):
    """What the field held when it was opened, what it holds now, and who wrote that when."""
    now = _cell(page.rows().select_related(*column.related).get(pk=row.pk), column)
    last = audit.last_change(row, column.edit)
    who = User.objects.filter(pk=last.who).first() if last and last.who else None
    return {"was": as_read(form.fields[column.edit], was), "now": now, "who": who, "at": last and last.at}


def _asked(request, page, column, row, form, *, was, conflict=None, status=200):
    context = {"page": page, "column": column, "row": row, "form": form, "was": was, "conflict": conflict}
    context["url"] = reverse("list_cell", args=[page.name, row.pk, column.edit])
    name = "crm/lists/_cell_form.html" if request.htmx else "crm/lists/cell.html"
    return render(request, name, context, status=status)


def _cell(row, column):
    prepare([column], [row])
    return column.html(row) if column.editor else column.show(column.value(row), row)


def _shown(request, page, column, pk):
    # A row that was just given away may be out of sight: its cell still says to whom.
    rows = page.rows().select_related(*column.related).with_rights(request.user).filter(pk=pk)
    row = (rows if request.method == "POST" else rows.visible_to(request.user)).first()
    if row is None:
        raise Http404
    prepare([column], [row])
    return render(request, "crm/lists/_cell.html", {"column": column, "html": with_pencil(page, column, row)})
