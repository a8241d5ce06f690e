"""What is done with a task without its form: how it went and what comes next, who has it now."""

from datetime import datetime

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.forms_work import DateInput
from contacts.models.activity import Kind
from contacts.models.task import END_OF_WORK
from crm.forms import one_line_only
from crm.models import User


class ResultForm(forms.Form):
    """How it went, and what comes next."""

    outcome = forms.CharField(label=_("Result"), max_length=200, required=False)
    next_title = forms.CharField(label=_("Next step"), max_length=200, required=False)
    next_kind = forms.ChoiceField(label=_("Kind"), required=False)
    next_on = forms.DateField(label=_("Due"), required=False, widget=DateInput())

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["next_kind"].choices = Kind.choices
        one_line_only(self)

    def clean(self):
        data = super().clean()
        if data.get("next_title") and not data.get("next_on") and "next_on" not in self.errors:
            self.add_error("next_on", _("Say when the next step is due."))
        return data

    def next_due(self):
        return timezone.make_aware(datetime.combine(self.cleaned_data["next_on"], END_OF_WORK))


class DelegateForm(forms.Form):
    owner = forms.ModelChoiceField(User.objects.filter(is_active=True), label=_("To"))
