"""What a person chooses before an import starts."""

from django import forms
from django.utils.translation import gettext_lazy as _

from contacts.imports import objects
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
        if (
            "match" in self.fields
            and not cleaned.get("match")
            and cleaned.get("duplicates") != ImportRun.Duplicates.CREATE
        ):
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


class ObjectMappingForm(MappingForm):
    """The same for records of an own kind, which are known by one column."""

    key = forms.ChoiceField(label=_("Known records are recognised by"), required=False)

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.user, self.kind = user, self.instance.kind
        for name in ("system", "match", "overwrites"):
            del self.fields[name]
        self.fields["key"].choices = [("", _("nothing: every row is new")), *objects.keys(self.kind, user)]
        self.initial["key"] = next(iter(self.instance.match), "")
        self.fields["duplicates"].label = _("What is done")
        self.fields["duplicates"].choices = [
            (ImportRun.Duplicates.UPDATE, _("make new ones and change known ones")),
            (ImportRun.Duplicates.SKIP, _("only make new ones")),
            (ImportRun.Duplicates.ONLY, _("only change known ones")),
        ]

    def clean(self):
        cleaned = super().clean()
        if self.reads_otherwise:  # then the columns are found out anew
            return cleaned
        chosen, key = list(self.chosen(self.user).values()), cleaned.get("key")
        if not chosen:
            raise forms.ValidationError(_("Say of at least one column what it becomes."))
        if twice := next((name for name in self._wanted() if self._wanted().count(name) > 1), None):
            label = {target.name: target.label for target in objects.targets(self.kind, self.user)}[twice]
            raise forms.ValidationError(_("Two columns would become “%(name)s”. Choose one.") % {"name": label})
        if key and key not in chosen:
            self.add_error("key", _("No column becomes that."))
        elif key and (field := objects.slow_key(self.kind, key)):
            text = _(
                "Records cannot be looked up by “%(field)s” at once. Tick “filtered and sorted often” in the settings of the field and wait"
                " until its index is ready; or recognise records by something else."
            )
            self.add_error("key", text % {"field": field.label})
        if not key and cleaned.get("duplicates") == ImportRun.Duplicates.ONLY:
            self.add_error("key", _("Say by what known records are recognised."))
        return cleaned

    def chosen(self, user):
        """{column: target} as the selects say; of two columns for one target the first."""
        found = {}
        for index, name in enumerate(self._wanted(every=True)):
            if name and name not in found.values():
                found[str(index)] = name
        return found

    def _wanted(self, *, every=False):
        """The targets that were chosen, in the order of the columns; with `every` "" for columns that are left out."""
        known = {target.name for target in objects.targets(self.kind, self.user)}
        names = [self.data.get(f"column-{i}", "") for i in range(min(len(self.instance.headers), MOST_COLUMNS))]
        return [name if name in known else "" for name in names] if every else [n for n in names if n in known]

    def _post_clean(self):
        super()._post_clean()
        self.instance.match = [self.cleaned_data["key"]] if self.cleaned_data.get("key") else []

    @staticmethod
    def names_somebody(chosen):
        return bool(chosen)

    def save(self, commit=True):
        run = super().save(commit=False)
        run.save(
            update_fields=[
                *(f for f in self.fields if f != "key"),
                "match",
                "mapping",
                "check_counts",
                "headers",
                "headers_key",
            ]
        )
        return run


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
