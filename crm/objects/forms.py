"""Forms of records: title, owner, whom they are tied to, own fields."""

from django import forms
from django.urls import reverse

from crm import access
from crm.custom.forms import WithCustom
from crm.forms import TwoColumns, one_line_only
from crm.forms_watchful import FieldWatchful
from crm.models import ObjectRecord, User
from crm.objects import records
from crm.objects.relations import links_of, relations_of, target_named, tied
from crm.picking import find_in


class TiedField(forms.CharField):
    """A record named in a text box, "Name #12" as the suggestions write it; cleaned to the record or None."""

    def __init__(self, relation, by):
        self.relation, self.by = relation, by
        super().__init__(label=relation.label, required=relation.is_required, max_length=250)
        url = reverse("record_suggestions", args=[relation.target])
        self.widget.attrs |= {"list": f"list_{relation.name}", "autocomplete": "off", "data-suggest": url}

    def clean(self, value):
        text = super().clean(value)
        if not text:
            return None
        try:
            return find_in(target_named(self.relation.target).rows().visible_to(self.by), text)
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None


class RecordForm(FieldWatchful, WithCustom, forms.ModelForm):
    """A record of a kind; the field named `only` alone for an edit in place.

    A new record may be tied at once; later the form changes only what it has one of.
    """

    takes_files = True

    class Meta:
        model = ObjectRecord
        fields = ["title", "owner"]

    def __init__(self, data=None, sent=None, *, instance=None, kind, by, only=None, initial=None):
        self.kind, self.by, self.only, self.relations = kind, by, only, []
        super().__init__(data, sent, instance=instance or ObjectRecord(kind_id=kind.pk), initial=initial)
        self.fields["owner"].queryset = User.objects.filter(is_active=True).order_by("name")
        self._name_title()
        if only:
            self.fields = {only: self.fields[only]}
        else:
            self._add_ties()
        one_line_only(self)
        self.helper = TwoColumns(self, wide=["title"])
        self.with_custom(kind.subject, by, only)
        if not only:
            self.watch()

    def _name_title(self):
        self.fields["title"].label = self.kind.title_label
        if self.kind.pattern:
            self.fields["title"] = forms.CharField(required=False, disabled=True, widget=forms.HiddenInput)

    def _add_ties(self):
        is_new = self.instance.pk is None
        for relation in relations_of(self.kind):
            if not access.may(self.by, relation.target) or not (is_new or relation.is_single):
                continue
            present = None if is_new else tied(relation, self.instance, self.by).first()
            if not is_new and present is None and links_of(relation).filter(record=self.instance.pk).exists():
                continue  # tied to what this person does not see: an empty box would ask to replace it
            self.relations.append(relation)
            self.fields[relation.name] = TiedField(relation, self.by)
            if present is not None:
                self.initial[relation.name] = f"{present} #{present.pk}"

    def clean(self):
        data = super().clean()
        if not self.errors and "title" in self.fields and not self.kind.pattern:
            try:
                if self.kind.unique_by == "title":
                    records.refuse_twins(self.kind, data["title"], {}, by=self.by, but=self.instance.pk)
            except records.Taken as refusal:
                self.add_error("title", str(refusal))
        return data

    @property
    def boxes(self):
        """The text boxes that name records, with their suggestions."""
        return [(self[relation.name], relation) for relation in self.relations]


class LookedAtForm(forms.ModelForm):
    """The plain fields of a record while its form is being filled in: what rules of own fields look at."""

    takes_files = True

    class Meta:
        model = ObjectRecord
        fields = ["title", "owner"]


def refusals(kind, record, custom, by):
    """{key: sentence} for own fields that no two records of the kind may share, as `by` may read it."""
    if not kind.unique_by or kind.unique_by == "title":
        return {}
    try:
        records.refuse_twins(kind, "", custom, by=by, but=record.pk if record is not None else None)
    except records.Taken as refusal:
        return {kind.unique_by: str(refusal)}
    return {}
