"""Forms in which somebody defines a kind of record and its relations."""

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import access
from crm.custom import definitions
from crm.custom.definition_forms import key_from
from crm.forms import Plain, TwoColumns, Watchful, one_line_only
from crm.models import ObjectKind, ObjectRelation
from crm.objects import naming
from crm.objects.relations import targets

MOST_KINDS, MOST_RELATIONS = 40, 20
# Icons of the set that fit what companies keep; each is in the sprite because it is named here.
ICONS = [
    "box", "package", "file-text", "file-certificate", "certificate", "contract", "tool", "tools", "device-desktop", "device-mobile",
    "printer", "server", "car", "truck", "plane", "home", "building-warehouse", "building-factory", "map-pin", "key",
    "id-badge", "users-group", "school", "book", "calendar-event", "clipboard-list", "checklist", "license", "coins", "credit-card",
    "shield-check", "heart-rate-monitor", "microscope", "flask", "plug", "cpu", "camera", "tag", "star", "flag",
]  # fmt: skip


class KindForm(Plain, forms.ModelForm):
    """A kind as people define it. Names in Russian may be left out."""

    icon = forms.ChoiceField(label=gettext_lazy("Icon"), widget=forms.RadioSelect, choices=[(i, i) for i in ICONS])
    like = forms.ChoiceField(
        label=gettext_lazy("Who may do what"),
        help_text=gettext_lazy("To begin with, every role has the rights that it has there. Roles change them later."),
    )
    unique_by = forms.ChoiceField(
        label=gettext_lazy("No two records with the same"),
        required=False,
        help_text=gettext_lazy("Who writes it a second time is led to the record that is there."),
    )

    class Meta:
        model = ObjectKind
        fields = [
            "name_en", "plural_en", "name_ru", "plural_ru", "title_en", "title_ru", "pattern", "unique_by", "in_navigation",
            "icon",
        ]  # fmt: skip

    field_order = [*Meta.fields, "like"]

    def __init__(self, data=None, *, instance=None):
        super().__init__(data, instance=instance or ObjectKind())
        if self.instance.pk:
            del self.fields["like"]
        else:
            del self.fields["unique_by"]
            mine = [kind for kind in access.kinds() if kind.owned]
            self.fields["like"].choices = [
                (kind.name, _("as for: %(kind)s") % {"kind": kind.label}) for kind in mine if kind.name != "task"
            ]
            self.fields["pattern"].help_text = _(
                "C-{year}-{n} for numbers that count up; empty: people type the title."
            )
        if "unique_by" in self.fields:
            self.fields["unique_by"].choices = self._comparable()
        one_line_only(self)
        self.helper = TwoColumns(self, wide=["pattern", "icon", "like", "in_navigation"])
        # The icons are drawn by the template.
        self.helper.layout[0].fields = [f for f in self.helper.layout[0].fields if f.fields != ["icon"]]

    def _comparable(self):
        fields = [f for f in definitions.all_fields(self.instance.subject) if not f.is_retired]
        own = [(f.key, f.label) for f in fields if f.kind in naming.COMPARED]
        return [("", "–"), ("title", self.instance.title_label), *own]

    def clean_pattern(self):
        pattern = self.cleaned_data["pattern"].strip()
        if pattern and (why := naming.wrong_pattern(pattern, self.instance.subject if self.instance.pk else "")):
            raise forms.ValidationError(why)
        return pattern

    def clean(self):
        data = super().clean()
        if not self.instance.pk and not self.errors:
            self._code(data)
        if data.get("pattern") and data.get("unique_by") == "title":
            self.add_error("unique_by", _("The pattern makes the titles. Put {n} into it, and no two are the same."))
        return data

    def _code(self, data):
        taken = set(ObjectKind.objects.values_list("code", flat=True))
        if len(taken) >= MOST_KINDS:
            raise forms.ValidationError(
                _("There are %(n)s kinds already: that is the most. Bring a retired one back, or delete one.")
                % {"n": MOST_KINDS}
            )
        self.instance.code = key_from(data["name_en"], taken)
        last = ObjectKind.objects.order_by("-position").values_list("position", flat=True).first()
        self.instance.position = (last or 0) + 1


class RelationForm(Watchful, forms.ModelForm):
    """A relation; what it leads to is chosen once. Whoever saves an outdated form is told, and nothing is lost."""

    target = forms.ChoiceField(label=gettext_lazy("Related to"))

    class Meta:
        model = ObjectRelation
        fields = ["target", "label_en", "label_ru", "back_en", "back_ru", "is_single", "is_required"]
        help_texts = {
            "label_en": gettext_lazy("As it stands on the record’s page: Customer, Signed by."),
            "back_en": gettext_lazy("As it stands on the page of the other one; empty: the name of the kind."),
            "is_single": gettext_lazy("A record is tied to one at most."),
            "is_required": gettext_lazy("No record is made without it."),
        }

    def __init__(self, data=None, *, instance):
        super().__init__(data, instance=instance)
        self.fields["target"].choices = [(target.name, target.label) for target in targets()]
        if self.instance.pk:
            del self.fields["target"]
        one_line_only(self)
        self.helper = TwoColumns(self, wide=["target"])

    def clean(self):
        data = super().clean()
        if not self.instance.pk and self.instance.kind.relations.count() >= MOST_RELATIONS:
            raise forms.ValidationError(
                _("This kind has %(n)s relations already: that is the most. Bring a retired one back.")
                % {"n": MOST_RELATIONS}
            )
        if self.instance.pk and self.instance.is_single is False and data.get("is_single"):
            self._refuse_several()
        return data

    def _refuse_several(self):
        from crm.objects.relations import links_of

        seen = set()
        for record in links_of(self.instance).order_by("record").values_list("record", flat=True).iterator():
            if record in seen:
                self.add_error("is_single", _("Some records are tied to several. Take away all but one first."))
                return
            seen = {record}
