"""The form in which somebody defines a field."""

import re

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.custom import definitions, formulas, values
from crm.forms import TwoColumns
from crm.models import CustomField, Role, Team
from crm.models.object_kind import PREFIX
from crm.money import CURRENCIES

Kind = CustomField.Kind
BLANK_CHOICES = 4
MAX_CHOICES = 200
MAX_FIELDS = 200
_LATIN = str.maketrans(
    {
        **dict(zip("абвгдезийклмнопрстуфхцыэ", "abvgdeziiklmnoprstufhcye", strict=True)),
        **{"ё": "e", "ж": "zh", "ч": "ch", "ш": "sh", "щ": "sh", "ю": "yu", "я": "ya", "ъ": "", "ь": ""},
    }
)


def key_from(label, taken):
    """A key that says what the label says: "Дата договора" is "data_dogovora"; numbered when it is taken."""
    stem = re.sub(r"[^a-z0-9]+", "_", label.casefold().translate(_LATIN)).strip("_")[:34].strip("_")
    stem = stem if stem[:1].isalpha() else f"f_{stem}".strip("_")
    key, number = stem, 2
    while key in taken:
        key, number = f"{stem}_{number}", number + 1
    return key


class FieldForm(forms.ModelForm):
    """A field as people define it. The kind is chosen once; afterwards it changes only on a page of its own."""

    initial_value = forms.CharField(
        label=gettext_lazy("Value of new records"),
        max_length=500,
        required=False,
        help_text=gettext_lazy("As it would be typed; empty for none."),
    )
    currency = forms.ChoiceField(
        label=gettext_lazy("Currency"),
        choices=lambda: [("", gettext_lazy("that of the company")), *((code, code) for code in CURRENCIES)],
        required=False,
        help_text=gettext_lazy("All amounts of the field are in it."),
    )
    team_ids = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Only for these teams"),
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Nothing ticked: for all."),
    )
    seen_by = forms.MultipleChoiceField(
        label=gettext_lazy("Seen by"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Nothing ticked: by all who see the record."),
    )
    edited_by = forms.MultipleChoiceField(
        label=gettext_lazy("Changed by"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Nothing ticked: by all who may change the record."),
    )

    class Meta:
        model = CustomField
        fields = [
            "label_en", "label_ru", "key", "help_en", "help_ru", "section_en", "section_ru", "currency", "places",
            "formula", "initial_value", "is_required", "is_filterable", "is_searchable", "team_ids", "seen_by", "edited_by",
        ]  # fmt: skip

    def __init__(self, data=None, *, instance):
        super().__init__(data, instance=instance)
        self.fields["key"].required = False
        self.fields["team_ids"].choices = list(Team.objects.values_list("pk", "name"))
        roles = [(role.code, _(role.name)) for role in Role.objects.all()]
        self.fields["seen_by"].choices = self.fields["edited_by"].choices = roles
        self.fields["places"].required = False
        self._keep_to_kind(instance.kind)
        if instance.pk:
            del self.fields["key"]
            if instance.default is not None:
                self.initial["initial_value"] = values.typed_text(instance, instance.default)
        self.rows = self._rows()
        self.helper = TwoColumns(self, wide=["formula"])

    def _keep_to_kind(self, kind):
        only = {"currency": {Kind.MONEY}, "places": {Kind.NUMBER}, "formula": {Kind.FORMULA}}
        only["initial_value"] = set(Kind) - {Kind.FORMULA, Kind.FILE, Kind.CONTACT, Kind.COMPANY}
        only["is_required"] = set(Kind) - {Kind.FORMULA, Kind.FILE}
        only["is_filterable"] = set(Kind) - {Kind.LONG, Kind.FILE, Kind.FORMULA, Kind.YES_NO}
        only["is_searchable"] = {Kind.TEXT, Kind.LINK}
        for name, kinds in only.items():
            if kind not in kinds:
                del self.fields[name]

    # Choices: rows of two names each, in their order

    @property
    def has_choices(self):
        return self.instance.kind in {Kind.CHOICE, Kind.CHOICES}

    def _rows(self):
        """[{"key", "en", "ru", "state", "others"}] as typed, else as they are, and some empty ones."""
        if not self.has_choices:
            return []
        if self.is_bound:
            parts = zip(*(self.data.getlist(f"choice_{n}") for n in ("key", "en", "ru", "state")), strict=False)
            rows = [{"key": k, "en": en.strip(), "ru": ru.strip(), "state": state} for k, en, ru, state in parts]
        else:
            rows = [{**c, "state": "retired" if c.get("retired") else ""} for c in self.instance.choices]
        rows += [{"key": "", "en": "", "ru": "", "state": ""}] * (BLANK_CHOICES if not self.is_bound else 0)
        return rows

    def clean_key(self):
        taken = set(CustomField.objects.filter(subject=self.instance.subject).values_list("key", flat=True))
        taken_elsewhere = self._keys_of_another_kind()
        if len(taken) >= MAX_FIELDS:
            raise forms.ValidationError(
                _("There are %(n)s fields already. Bring a retired one back.") % {"n": MAX_FIELDS}
            )
        key = self.cleaned_data["key"] or key_from(self.cleaned_data.get("label_en", ""), taken | taken_elsewhere)
        if key in taken_elsewhere:
            raise forms.ValidationError(
                _("Another kind of record has a field of another kind with this key. Choose another one.")
            )
        if key in taken:
            raise forms.ValidationError(_("A field with this key exists already, perhaps a retired one."))
        return key

    def _keys_of_another_kind(self):
        """Keys that mean something else in the table of own objects: what is compared there has one type for each key."""
        if not self.instance.subject.startswith(PREFIX):
            return set()
        rows = CustomField.objects.filter(subject__startswith=PREFIX).exclude(subject=self.instance.subject)
        return set(rows.exclude(kind=self.instance.kind).values_list("key", flat=True))

    def clean_places(self):
        return self.instance.places if self.cleaned_data["places"] is None else self.cleaned_data["places"]

    def clean(self):
        data = super().clean()
        kind = self.instance.kind
        self.moved = {}
        if kind in {Kind.CHOICE, Kind.CHOICES}:
            self.instance.choices = self._cleaned_choices()
        if kind == Kind.FORMULA:
            self._clean_formula(data)
        self._keep_title_open(data)
        if data.get("initial_value") and not self.errors:
            self._clean_default(kind, data)
        elif "initial_value" in self.fields:
            self.instance.default = None
        return data

    def _keep_title_open(self, data):
        target = definitions.target_of(self.instance.subject)
        if target is None or self.instance.key not in target.in_title:
            return
        for name in ("team_ids", "seen_by"):
            if data.get(name):
                text = _(
                    "The field stands in the title of “%(kind)s”, which everybody sees. Take it out of the title first."
                )
                self.add_error(name, text % {"kind": target.label})

    def _cleaned_choices(self):
        known = {c["key"] for c in self.instance.choices}
        rows = [row for row in self.rows if row["en"] or row["ru"]]
        found, taken = [], set(known)
        for row in rows[:MAX_CHOICES]:
            en, ru, state = (row["en"] or row["ru"])[:100], row["ru"][:100], row["state"]
            key = row["key"] if row["key"] in known else key_from(en, taken)
            taken.add(key)
            if state in known and state != key:
                self.moved[key] = state
            found.append({"key": key, "en": en, "ru": ru, "retired": bool(state)})
        if not [c for c in found if not c["retired"]]:
            self.add_error(None, _("Give at least one choice."))
        names = [name.casefold() for c in found if not c["retired"] for name in {c["en"], c["ru"]} if name]
        if len(names) != len(set(names)):
            self.add_error(None, _("Two choices have the same name."))
        if gone := known - {c["key"] for c in found}:
            # A row that did not come along is not thrown away: values may stand under its key.
            found += [{**c, "retired": True} for c in self.instance.choices if c["key"] in gone]
        return found

    def _clean_formula(self, data):
        try:
            formulas.checked(data.get("formula", ""), self.instance.subject)
        except formulas.FormulaError as error:
            self.add_error("formula", str(error))

    def _clean_default(self, kind, data):
        draft = CustomField(kind=kind, choices=self.instance.choices, currency=data.get("currency", ""))
        draft.places = data.get("places") if data.get("places") is not None else self.instance.places
        try:
            self.instance.default = values.clean(draft, data["initial_value"])
        except ValueError as error:
            self.add_error("initial_value", str(error))
