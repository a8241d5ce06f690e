"""Forms of playbooks and of the types of activities of one's own."""

from django import forms
from django.utils.translation import gettext_lazy as _

from contacts.forms_work import kind_and_type, kind_choices, kind_value
from contacts.models import ActivityType, Playbook, PlaybookStep
from crm.forms import TwoColumns, one_line_only
from crm.models import User


class ActivityTypeForm(forms.ModelForm):
    class Meta:
        model = ActivityType
        fields = ["name_en", "name_ru", "kind", "minutes", "icon", "colour", "position", "is_active"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["minutes"].min_value = 5
        one_line_only(self)
        self.helper = TwoColumns(self)


class PlaybookForm(forms.ModelForm):
    class Meta:
        model = Playbook
        fields = ["name", "text", "is_active"]
        widgets = {"text": forms.Textarea(attrs={"rows": 2})}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        one_line_only(self)
        self.helper = TwoColumns(self, wide=["name", "text"])


class PlaybookStepForm(forms.ModelForm):
    kind = forms.ChoiceField(label=_("Kind"))

    class Meta:
        model = PlaybookStep
        fields = ["title", "kind", "days", "in_business_days", "after", "doer", "person", "note"]
        widgets = {"note": forms.Textarea(attrs={"rows": 2})}

    field_order = Meta.fields

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = kind_choices(self.instance.type_id)
        self.initial["kind"] = kind_value(self.instance)
        self.fields["days"].help_text = _("0: in an hour.")
        self.fields["person"].queryset = User.objects.filter(is_active=True)
        others = self.instance.playbook.steps.exclude(pk=self.instance.pk)
        earlier = [(s.position, f"{s.position}. {s.title}") for s in others if s.position < self.instance.position]
        self.fields["after"] = forms.TypedChoiceField(
            label=_("Counted from"),
            coerce=int,
            empty_value=None,
            required=False,
            choices=[("", _("the start")), *earlier],
        )
        one_line_only(self)
        self.helper = TwoColumns(self, wide=["title", "note"])

    def clean_kind(self):
        """The kind; a type of one's own is kept beside it."""
        found = kind_and_type(self.cleaned_data["kind"])
        self.instance.type = found["type"]
        return found["kind"]

    def clean(self):
        data = super().clean()
        if data.get("doer") == PlaybookStep.Doer.PERSON and not data.get("person"):
            self.add_error("person", _("Choose who does it."))
        return data
