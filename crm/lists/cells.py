"""How a list changes one field of its rows: in a cell, and on many rows at once."""

from datetime import date, datetime

from django.core.exceptions import ValidationError
from django.forms import ModelChoiceField, modelform_factory
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _

from crm.lists.columns import columns_of
from crm.templatetags import ui


class Cells:
    """What a `ListPage` does to a field. An app puts its own form and service in place of these.

    Runs in the caller's transaction, on locked rows that may be changed.
    """

    def column_edited(self, name, user):
        """The column in which the user edits the field of that name, or None."""
        return next((c for c in columns_of(self, user) if c.edit == name), None)

    def editable_many(self, user):
        """The columns that the user may change on many rows at once."""
        return [c for c in columns_of(self, user) if c.edit and c.edit_many]

    def editor(self, column):
        """Who gives the form of a column and writes: the list itself, unless the column brings its own."""
        return column.editor or self

    def cell_form(self, name, row=None, data=None, *, by):
        """A form with the one field of that name, bound when there is data."""
        return modelform_factory(self.model, fields=[name])(data, instance=row)

    def typed_value(self, row, name):
        """A field's value as plain text: how two people's writing is told apart."""
        value = getattr(row, row._meta.get_field(name).attname)
        if isinstance(value, list):
            return ", ".join(map(str, value))
        return "" if value is None else str(value)

    def write(self, row, form, name, by):
        """Write the field of a valid form."""
        form.save()

    def takes_back(self, name):
        """Whether a change of that field on many rows can be taken back; what sets more going than it says cannot."""
        return True

    def put_back(self, row, before, by):
        """Give a row the values of its fields back that a change of many rows has altered, exactly as they were.

        A list whose stream or neighbours tell of such a change lets them know that it is taken back.
        """
        for name, value in before.items():
            setattr(row, name, value)
        row.save()


def as_read(field, text):
    """What was typed for a form field, as people read it: the label of a choice, the name of a record."""
    if not text:
        return ""
    if hasattr(field, "as_read"):
        return field.as_read(text)
    try:
        value = field.clean(text)
    except ValidationError:
        return text
    if isinstance(value, datetime):
        return ui.day_and_clock(value)
    if isinstance(value, date):
        return ui.day(value)
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    choices = {} if isinstance(field, ModelChoiceField) else dict(getattr(field, "choices", ()))
    return str(choices.get(value, value))


def with_pencil(page, column, row):
    """A cell's HTML, with the way to change it where the row may be changed (`can_edit`)."""
    html = column.html(row)
    if not column.edit or not getattr(row, "can_edit", False):
        return html
    url = reverse("list_cell", args=[page.name, row.pk, column.edit])
    return format_html(
        '<span class="cell-x"><span class="cut">{}</span><a class="cell-edit" href="{}" hx-get="{}"'
        ' hx-target="closest td" hx-swap="outerHTML" data-row-key="e" aria-label="{}">{}</a></span>',
        html,
        url,
        url,
        _("Change: %(field)s") % {"field": column.label},
        ui.icon("pencil", "icon-14"),
    )
