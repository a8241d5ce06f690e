"""What a person chooses before an import starts."""

from django import forms
from django.utils.translation import gettext_lazy as _

from contacts.imports.encodings import ENCODINGS
from contacts.imports.reading import MOST_COLUMNS
from contacts.imports.targets import COMPANY, open_to, targets
from contacts.models import ImportRun
from crm.models import User

# How the file is read: what changes here makes the columns anew.
READING = ["sheet", "encoding", "separator", "header_line"]
# Columns of which at least one must be mapped: the others say something of somebody they cannot name.
NAMING = {
    "full_name",
    "first_name",
    "last_name",
    "email",
    "phone",
    "external_id",
    "company",
    "company_inn",
    "company_domain",
}


class UploadForm(forms.Form):
    file = forms.FileField(label=_("File"))


class MappingForm(forms.ModelForm):
    sheet = forms.ChoiceField(label=_("Sheet"), required=False)
    encoding = forms.ChoiceField(label=_("Encoding"), choices=[(name, name) for name in ENCODINGS], required=False)
    separator = forms.ChoiceField(label=_("Separator"), choices=ImportRun.SEPARATORS, required=False)
    header_line = forms.IntegerField(
        label=_("Column names are in line"), min_value=0, max_value=20, required=False, help_text=_("0: there are none")
    )
    match = forms.MultipleChoiceField(
        label=_("Recognised by"), choices=ImportRun.Key, widget=forms.CheckboxSelectMultiple, required=False
    )

    class Meta:
        model = ImportRun
        fields = [*READING, "system", "duplicates", "match", "overwrites", "owner"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = User.objects.filter(is_active=True)
        self.fields["owner"].required = True
        if self.instance.table_id:
            # A table of our own making is read in one way only.
            for name in ("encoding", "separator"):
                del self.fields[name]
        if len(self.instance.sheets) > 1:
            self.fields["sheet"].choices = [(name, name) for name in self.instance.sheets]
        else:
            del self.fields["sheet"]

    def clean(self):
        cleaned = super().clean()
        for name in READING:
            if name in self.fields and cleaned.get(name) in (None, ""):
                cleaned[name] = getattr(self.instance, name)
        if not cleaned.get("match") and cleaned.get("duplicates") != ImportRun.Duplicates.CREATE:
            self.add_error("match", _("Choose at least one, or add everybody."))
        return cleaned

    @property
    def reads_otherwise(self):
        """Whether the file is to be read another way than before."""
        return any(name in self.fields and str(self.initial[name]) != str(self.cleaned_data[name]) for name in READING)

    @property
    def other_sheet(self):
        """The sheet to be read instead of the one before; "" for the same."""
        chosen = self.cleaned_data.get("sheet", "")
        return chosen if chosen != self.initial.get("sheet") else ""

    def chosen(self, user):
        """{column: target} as the selects say, of those open to the user; one that takes one column is chosen once."""
        kinds, found = open_to(user), {}
        for index in range(min(len(self.instance.headers), MOST_COLUMNS)):
            name = self.data.get(f"column-{index}", "")
            if name in kinds and (kinds[name].many or name not in found.values()):
                found[str(index)] = name
        return found

    @staticmethod
    def names_somebody(chosen):
        """Whether a mapping says of whom or what the rows speak."""
        return bool(NAMING & set(chosen.values()))


def target_groups(user):
    """[(heading, [(name, label)])] for the selects of the columns: what the user may write."""
    kinds = open_to(user).values()
    people = [(item.name, item.label) for item in kinds if item.on != COMPANY]
    companies = [(item.name, item.label) for item in kinds if item.on == COMPANY]
    return [(_("Person"), people), (_("Company"), companies)]


def column_rows(run, example, user):
    """[(index, header, chosen target, example, label of a field that the user may not write)] of a run's columns."""
    kinds, opened, found = targets(), open_to(user), []
    for i, header in enumerate(run.headers):
        name = run.mapping.get(str(i), "")
        locked = kinds[name].label if name in kinds and name not in opened else ""
        found.append((i, header, "" if locked else name, example[i] if i < len(example) else "", locked))
    return found
