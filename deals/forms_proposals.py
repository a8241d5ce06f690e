"""Forms of proposals: the seller's and the client's."""

from django import forms
from django.utils.translation import gettext_lazy as _

from deals.forms import DayField
from deals.models import ProposalVersion


class VersionForm(forms.ModelForm):
    """Words and terms of a draft."""

    valid_until = DayField(label=_("Valid until"))
    language = forms.ChoiceField(label=_("Language"), choices=[("en", "English"), ("ru", "Русский")])

    class Meta:
        model = ProposalVersion
        fields = ["intro", "valid_until", "payment", "delivery", "language", "terms"]
        widgets = {"intro": forms.Textarea(attrs={"rows": 3}), "terms": forms.Textarea(attrs={"rows": 3})}


class SendForm(forms.Form):
    to = forms.EmailField(label=_("To"), max_length=254)


class AcceptForm(forms.Form):
    """The client's yes: name and tick."""

    name = forms.CharField(label=_("Your name"), max_length=200)
    email = forms.EmailField(label=_("Your email"), max_length=254, required=False)
    agree = forms.BooleanField(
        label=_("I accept this proposal"), error_messages={"required": _("Tick the box to accept.")}
    )


class DeclineForm(forms.Form):
    """The client's no, with a reason."""

    reason = forms.CharField(
        label=_("Why not?"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("One sentence helps us to do better.")},
    )
