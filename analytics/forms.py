"""Forms of analytics."""

from decimal import Decimal

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from analytics.services.targets import set_target

_SECONDS = Decimal(3600)


class TargetForm(forms.Form):
    """A target of one KPI for some days; working time is given in hours and kept in seconds."""

    first_on = forms.DateField(label=_("First day"), widget=forms.DateInput(attrs={"type": "date"}))
    last_on = forms.DateField(label=_("Last day"), widget=forms.DateInput(attrs={"type": "date"}))
    value = forms.DecimalField(label=_("Target"), max_digits=14, decimal_places=2, min_value=Decimal("0.01"))

    def __init__(self, *args, kpi, **kwargs):
        super().__init__(*args, **kwargs)
        self.kpi = kpi
        if kpi.unit == "percent":
            self.fields["value"].label = _("Target, %")
            self.fields["value"].max_value = 100
        if kpi.unit == "seconds":
            self.fields["value"].label = _("Target, working hours")

    def clean_value(self):
        value = self.cleaned_data["value"]
        if self.kpi.unit == "percent" and value > 100:
            raise ValidationError(_("A share is at most 100 %."))
        return value * _SECONDS if self.kpi.unit == "seconds" else value

    def clean(self):
        data = super().clean()
        if data.get("first_on") and data.get("last_on") and data["last_on"] < data["first_on"]:
            self.add_error("last_on", _("The last day is before the first one."))
        return data

    def save(self, by):
        """True when the target was set; False with an error on the form when the days overlap another target."""
        data = self.cleaned_data
        try:
            set_target(self.kpi.name, data["first_on"], data["last_on"], data["value"], by=by)
        except ValidationError:
            self.add_error(
                "first_on",
                _("There is a target for some of these days already. Remove it first, or give exactly its days."),
            )
            return False
        return True


class ScopeForm(forms.Form):
    """Whose figure is asked for; what a KPI cannot be narrowed to is not offered."""

    owner = forms.ModelChoiceField(None, label=_("Owner"), required=False, empty_label=_("all owners"))
    team = forms.ModelChoiceField(None, label=_("Team"), required=False, empty_label=_("all teams"))
    pipeline = forms.ModelChoiceField(None, label=_("Pipeline"), required=False, empty_label=_("all pipelines"))
    mailbox = forms.ModelChoiceField(None, label=_("Mailbox"), required=False, empty_label=_("all mailboxes"))

    def __init__(self, *args, kpi, choices, **kwargs):
        super().__init__(*args, **kwargs)
        for name, rows in choices.items():
            self.fields[name].queryset = rows
        for name in ("owner", "team", "pipeline", "mailbox"):
            if name not in choices:
                del self.fields[name]
        if kpi.name == "funnel":
            # A funnel is of one pipeline: the first one, unless another is asked for.
            self.fields["pipeline"].empty_label = _("first pipeline")

    def pickers(self):
        """(name, label, [(key, words, whether chosen)]) of each filter; a page draws them, for a widget asks twice."""
        for field in self:
            options = [(str(key), words) for key, words in iter(field.field.choices)]
            yield field.name, field.label, [(key, words, key == (field.value() or "")) for key, words in options]
