"""Forms of the list engine."""

from decimal import Decimal

from crispy_forms.helper import FormHelper
from django import forms
from django.db.models import Model
from django.utils.translation import gettext_lazy as _

from crm.models.saved_view import SavedView


class SavedViewForm(forms.Form):
    name = forms.CharField(max_length=60)
    scope = forms.ChoiceField(choices=SavedView.Scope, required=False)

    def clean_scope(self):
        return self.cleaned_data["scope"] or SavedView.Scope.PRIVATE


class WatchForm(forms.Form):
    """What becomes of a filter: an alert, or a feed for those who may export."""

    what = forms.ChoiceField(label=_("What to make"), widget=forms.RadioSelect)
    name = forms.CharField(label=_("Name"), max_length=80)

    def __init__(self, *args, may_export, **kwargs):
        super().__init__(*args, **kwargs)
        choices = [("alert", _("An alert: I am told when a record enters this filter"))]
        if may_export:
            choices.append(("feed", _("A feed: an address from which other programs read the rows (CSV, JSON, Atom)")))
        self.fields["what"].choices = choices
        self.helper = FormHelper()
        self.helper.form_tag = False


class ExportForm(forms.Form):
    separator = forms.ChoiceField(
        label=_("For which spreadsheet?"),
        choices=[
            (",", _("Commas: LibreOffice, Google Sheets, English Excel")),
            (";", _("Semicolons: Russian or German Excel")),
            ("xlsx", _("A workbook (XLSX): any of them, dates and numbers as such")),
        ],
        widget=forms.RadioSelect,
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        self.helper.form_tag = False


class BulkForm(forms.Form):
    """The fields of an act; before a dangerous one on many rows, their number typed in.

    To change a field, it is chosen first: `asks_value` is False until then.
    """

    TYPED_FROM = 10

    def __init__(self, data, *, act, total, page, by):
        self.page, self.by, self.act = page, by, act
        self.edited = next((c for c in page.editable_many(by) if c.edit == data.get("field")), None)
        self.asks_value = act.name != "edit" or self.edited is not None
        answered = "asked" in data if act.name == "edit" else "go" in data
        super().__init__(data if answered and self.asks_value else None)
        if act.name == "edit":
            self._fields_to_edit()
        elif act.form:
            self.fields |= act.form().fields
        self.total = total
        if act.danger and total >= self.TYPED_FROM:
            self.fields["typed"] = forms.IntegerField(
                label=_("Type %(n)s to go on") % {"n": total}, widget=forms.TextInput(attrs={"inputmode": "numeric"})
            )
        if act.form is None and not act.danger and act.name != "edit":
            self.is_bound, self.data = True, {}
        self.helper = FormHelper()
        self.helper.form_tag = False

    def _fields_to_edit(self):
        if self.edited is None:
            choices = [(c.edit, c.label) for c in self.page.editable_many(self.by)]
            self.fields["field"] = forms.ChoiceField(
                label=_("What to change"), choices=choices, widget=forms.RadioSelect
            )
            return
        name = self.edited.edit
        self.fields["field"] = forms.CharField(widget=forms.HiddenInput, initial=name)
        self.fields["asked"] = forms.CharField(widget=forms.HiddenInput, initial="1")
        self.fields[name] = self.page.editor(self.edited).cell_form(name, by=self.by).fields[name]
        self.fields[name].label = _("New value: %(field)s") % {"field": self.edited.label}
        if not self.fields[name].required:
            self.fields[name].help_text = _("Left empty, the field is emptied.")

    def clean_typed(self):
        if self.cleaned_data["typed"] != self.total:
            raise forms.ValidationError(_("This is not the number of selected records."))
        return self.cleaned_data["typed"]

    @property
    def data_json(self):
        """Cleaned data as JSON: records as their keys; a value to write as it was typed."""
        if self.edited:
            typed = self.data.getlist(self.edited.edit)
            return {"field": self.edited.edit, "value": typed if len(typed) > 1 else "".join(typed)}
        return {name: _plain(value) for name, value in self.cleaned_data.items() if name != "typed"}


def _plain(value):
    if isinstance(value, Model):
        return value.pk
    if isinstance(value, Decimal):
        return str(value)
    return value.isoformat() if hasattr(value, "isoformat") else value
