"""Forms of the rules of data quality and of their weights."""

from django import forms
from django.utils.translation import gettext_lazy as _

from contacts.models import QualityRule, QualitySettings
from contacts.models.quality import Dimension
from contacts.services.quality.checks import FIELDS, check_named
from contacts.services.quality.words import field_label
from crm.forms import TwoColumns, Watchful, one_line_only
from crm.models import Team


class QualityRuleForm(forms.ModelForm):
    """A rule whose kind of record and check are fixed; it asks for what that check needs."""

    class Meta:
        model = QualityRule
        fields = ["dimension", "field", "days", "weight", "team", "is_on", "name_en", "name_ru", "fix_en", "fix_ru"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        rule = self.instance
        check = check_named(rule.test)
        if check:
            del self.fields["dimension"]
        if not check or check.choose_field:
            labels = [(name, field_label(rule.subject, name)) for name in FIELDS[rule.subject]]
            empty = [] if check else [("", "–")]
            self.fields["field"] = forms.ChoiceField(
                label=_("Field") if check else _("Where it is mended"), choices=empty + labels, required=bool(check)
            )
        else:
            del self.fields["field"]
        if check and check.days:
            self.fields["days"].required = True
            self.fields["days"].min_value = 1
            self.fields["days"].help_text = _("After so many days half of it is gone: 100 becomes 50.")
        else:
            del self.fields["days"]
        self.fields["weight"].help_text = _("From 1 to 1000, held against the other rules of the dimension.")
        self.fields["team"].queryset = Team.objects.order_by("name")
        if not check:
            for name in ("name_en", "name_ru"):
                self.fields[name].help_text = _("One of the two at least.")
        one_line_only(self)
        self.helper = TwoColumns(self, wide=["is_on", "fix_en", "fix_ru"])

    def clean_weight(self):
        weight = self.cleaned_data["weight"]
        if not 1 <= weight <= 1000:
            raise forms.ValidationError(_("Write a weight from 1 to 1000. To leave a rule out, switch it off."))
        return weight

    def clean_days(self):
        days = self.cleaned_data["days"]
        if not days:
            raise forms.ValidationError(_("Write at least one day."))
        return days

    def clean(self):
        data = super().clean()
        rule = self.instance
        if not check_named(rule.test):
            if not (data.get("name_en") or data.get("name_ru")):
                self.add_error("name_en", _("Say what is wrong with such a record."))
            return data
        same = QualityRule.objects.filter(subject=rule.subject, test=rule.test, team=data.get("team"))
        if same.filter(field=data.get("field", rule.field)).exclude(pk=rule.pk).exists():
            raise forms.ValidationError(_("There is such a rule already. Change that one."))
        return data


class QualitySettingsForm(Watchful, forms.ModelForm):
    class Meta:
        model = QualitySettings
        fields = [*Dimension.values, "source_least", "source_share"]

    def clean_source_share(self):
        share = self.cleaned_data["source_share"]
        if not 1 <= share <= 99:
            raise forms.ValidationError(_("Write a share from 1 to 99 percent."))
        return share

    def clean(self):
        data = super().clean()
        weights = [data.get(name) for name in Dimension.values]
        if not self.errors and not any(weights):
            raise forms.ValidationError(_("One dimension at least must weigh something."))
        return data
