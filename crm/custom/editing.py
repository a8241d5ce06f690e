"""One custom field of a row, changed in its cell, in a bulk act or in place on the record's page."""

from crm.custom import definitions, values, writing


class Editor:
    """What a list calls to change a custom field (see `crm.lists.cells`)."""

    def __init__(self, subject):
        self.subject = subject

    def cell_form(self, name, row=None, data=None, *, by):
        from crm.custom.forms import CustomForm

        return CustomForm(self.subject, row, data, by=by, only=name)

    def typed_value(self, row, name):
        field = definitions.field_named(self.subject, name.removeprefix("cf_"))
        return values.typed_text(field, row.custom.get(field.key)) if field else ""

    def write(self, row, form, name, by):
        writing.write(row, form.changes, by=by)
