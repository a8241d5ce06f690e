"""Forms of personal data: a request noted by hand, its refusal, the word that confirms an erasure, a legal hold."""

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.models import Contact, LegalHold, PrivacyRequest, RetentionRule
from crm import conditions
from crm.forms import TwoColumns, Watchful, one_line_only


class PrivacyRequestForm(forms.ModelForm):
    """A request as it came: by a letter, a call, on paper. The day by which it is answered follows from the law."""

    contact = forms.ModelChoiceField(Contact.objects.none(), label=_("Contact"), widget=forms.HiddenInput)

    class Meta:
        model = PrivacyRequest
        fields = ["contact", "kind", "law", "received_on", "channel", "language", "note"]
        widgets = {
            "received_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            "note": forms.Textarea(attrs={"rows": 3}),
        }
        help_texts = {
            "channel": _("A letter, a call, a form: how the person was recognised."),
            "language": _("Of the copy."),
        }

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["contact"].queryset = Contact.objects.visible_to(user)
        one_line_only(self)
        self.helper = TwoColumns(self, wide=["note"])

    def clean_received_on(self):
        day = self.cleaned_data["received_on"]
        if day > timezone.localdate():
            raise forms.ValidationError(_("This day is still to come. Write the day on which the request arrived."))
        return day


class RefusalForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=300, help_text=_("The law wants the person to be told it."))

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        one_line_only(self)


class ErasureForm(forms.Form):
    """The name as it stands on the page, typed once more; what is still under way is acknowledged."""

    name = forms.CharField(label=_("Type the name to confirm"), max_length=320)
    aware = forms.BooleanField(label=_("I know what is still under way with this person"), required=False)

    def __init__(self, *args, contact, warnings, **kwargs):
        super().__init__(*args, **kwargs)
        self.contact, self.warnings = contact, warnings
        if not warnings:
            del self.fields["aware"]

    def clean_name(self):
        typed = " ".join(self.cleaned_data["name"].split())
        # A page shows several spaces as one.
        if typed != " ".join(str(self.contact).split()):
            raise forms.ValidationError(_("Type it exactly as it stands here: %(name)s") % {"name": self.contact})
        return typed

    def clean(self):
        data = super().clean()
        if self.warnings and not data.get("aware"):
            self.add_error("aware", _("Look at what is still under way, then tick this."))
        return data


class HoldForm(forms.ModelForm):
    class Meta:
        model = LegalHold
        fields = ["reason"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        one_line_only(self)


class RetentionRuleForm(Watchful, forms.ModelForm):
    """A rule; the condition comes as JSON from the builder, and counts for people only."""

    f = forms.CharField(required=False, widget=forms.HiddenInput)

    class Meta:
        model = RetentionRule
        fields = ["name", "act", "months", "bought_within", "daily"]

    def __init__(self, *args, user, **kwargs):
        self.user = user
        super().__init__(*args, **kwargs)
        one_line_only(self)
        self.helper = TwoColumns(self, wide=["name"])

    def clean_f(self):
        try:
            return conditions.parse_text(self.cleaned_data["f"], "contact", user=self.user)
        except conditions.ConditionError as error:
            raise forms.ValidationError(error.message) from error

    def save(self, commit=True):
        # A rule that was changed says first what it would do now.
        self.instance.tree = self.cleaned_data["f"] if self.instance.act == RetentionRule.Act.PEOPLE else {}
        self.instance.is_on = False
        rule = super().save(commit)
        rule.runs.filter(is_trial=True).delete()
        return rule
