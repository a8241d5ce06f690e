"""Forms of what hangs on a record: addresses, roles in companies, requisites with their bank accounts."""

from django import forms
from django.forms.models import inlineformset_factory
from django.utils.translation import gettext_lazy as _

from contacts import numbers
from contacts.models import Address, BankAccount, ContactPoint, Employment, Requisite
from contacts.services.points import PointRefused, normalise
from crm.field_access import may_change, require
from crm.forms import TwoColumns

_DAY = {"type": "date"}


class PointForm(forms.ModelForm):
    """An email, a phone or a messenger with what is known of it. The kind of one that stands cannot be changed."""

    verified_at = forms.BooleanField(label=_("verified"), required=False)
    bounced_at = forms.BooleanField(label=_("bounced"), required=False)
    opted_out_at = forms.BooleanField(label=_("opted out"), required=False)

    class Meta:
        model = ContactPoint
        fields = ["kind", "value", "label", "is_primary"]

    field_order = ["kind", "value", "label", "is_primary", "verified_at", "bounced_at", "opted_out_at"]

    def __init__(self, *args, owner, by=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.owner = owner
        self.fields["value"].label = _("Address")
        subject = owner._meta.model_name
        kinds = [(kind, label) for kind, label in ContactPoint.Kind.choices if may_change(by, subject, kind)]
        self.fields["kind"].choices = [("", "---------"), *kinds]
        if self.instance.pk:
            del self.fields["kind"]
            for name in ("verified_at", "bounced_at", "opted_out_at"):
                self.initial[name] = bool(getattr(self.instance, name))
        else:
            for name in ("verified_at", "bounced_at", "opted_out_at"):
                del self.fields[name]

    def clean(self):
        data = super().clean()
        kind = data.get("kind", self.instance.kind)
        if data.get("value"):
            try:
                normalise(kind, data["value"], self.owner.country)
            except PointRefused as refusal:
                self.add_error("value", str(refusal))
        return data

    def _post_clean(self):
        """Nothing: the service writes."""


class EmploymentForm(forms.ModelForm):
    """A role of a person in a company, which is named; a new name makes a new company."""

    company = forms.CharField(label=_("Company"), max_length=200)
    moves = forms.BooleanField(label=_("left the main company for it"), required=False)

    class Meta:
        model = Employment
        fields = ["role", "since_on", "until_on", "is_primary", "has_left"]
        widgets = {
            "since_on": forms.DateInput(attrs=_DAY, format="%Y-%m-%d"),
            "until_on": forms.DateInput(attrs=_DAY, format="%Y-%m-%d"),
        }

    field_order = ["company", "role", "since_on", "until_on", "is_primary", "has_left", "moves"]

    def __init__(self, *args, owner, by=None, **kwargs):
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["company"] = str(self.instance.company)
        if self.instance.pk or not owner.company_id:
            del self.fields["moves"]
        else:
            words = _("left %(company)s for it") % {"company": owner.company}
            self.fields["moves"].label = words

    def clean(self):
        data = super().clean()
        since, until = data.get("since_on"), data.get("until_on")
        if since and until and until < since:
            self.add_error("until_on", _("This is before the day it began."))
        return data

    def _post_clean(self):
        """Nothing: the service writes."""


class AddressForm(forms.ModelForm):
    class Meta:
        model = Address
        fields = ["kind", "label", "street", "postcode", "city", "region", "country"]

    def __init__(self, *args, owner, by=None, **kwargs):
        super().__init__(*args, **kwargs)
        if not self.instance.pk:
            require(by, owner._meta.model_name, "address")
            self.initial["country"] = owner.country

    def clean_country(self):
        return self.cleaned_data["country"].upper()

    def clean(self):
        data = super().clean()
        if not self.errors and not any(data.get(name) for name in ("street", "postcode", "city")):
            self.add_error("street", _("Write at least a street, a postcode or a city."))
        return data


class RequisiteForm(forms.ModelForm):
    """A legal entity. Numbers are kept without blanks and must carry their check digits."""

    class Meta:
        model = Requisite
        fields = [
            "name", "form", "country", "inn", "kpp", "ogrn", "vat_id", "registration_no", "address", "is_primary",
        ]  # fmt: skip

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        # As people type them, with blanks; what is kept is shorter.
        for name in ("inn", "kpp", "ogrn", "vat_id"):
            self.fields[name] = forms.CharField(label=self.fields[name].label, max_length=40, required=False)
        self.helper = TwoColumns(self, wide=["name", "address"])

    def clean_country(self):
        return self.cleaned_data["country"].upper()

    def clean_inn(self):
        return _number(self.cleaned_data["inn"], numbers.wrong_inn)

    def clean_kpp(self):
        return _number(self.cleaned_data["kpp"], numbers.wrong_kpp)

    def clean_ogrn(self):
        return _number(self.cleaned_data["ogrn"], numbers.wrong_ogrn)

    def clean_vat_id(self):
        return _number(self.cleaned_data["vat_id"], numbers.wrong_vat)


class AccountForm(forms.ModelForm):
    class Meta:
        model = BankAccount
        fields = ["bank", "bik", "account", "correspondent", "iban", "bic"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name in ("bik", "account", "correspondent", "iban", "bic"):
            self.fields[name] = forms.CharField(label=self.fields[name].label, max_length=60, required=False)

    def clean_bik(self):
        return _number(self.cleaned_data["bik"], numbers.wrong_bik)

    def clean_account(self):
        bik = self.cleaned_data.get("bik", "")
        return _number(self.cleaned_data["account"], lambda value: numbers.wrong_account(value, bik))

    def clean_correspondent(self):
        bik = self.cleaned_data.get("bik", "")
        return _number(
            self.cleaned_data["correspondent"], lambda value: numbers.wrong_account(value, bik, correspondent=True)
        )

    def clean_iban(self):
        return _number(self.cleaned_data["iban"], numbers.wrong_iban)

    def clean_bic(self):
        return _number(self.cleaned_data["bic"], numbers.wrong_bic)

    def clean(self):
        data = super().clean()
        if not self.errors and any(data.values()) and not (data.get("account") or data.get("iban")):
            self.add_error("account", _("Write the account or the IBAN."))
        return data


AccountFormSet = inlineformset_factory(Requisite, BankAccount, form=AccountForm, extra=1, can_delete=True)


def _number(value, wrong):
    """The number without blanks. Raises ValidationError when `wrong` says why it cannot be one."""
    value = numbers.compact(value)
    if value and (why := wrong(value)):
        raise forms.ValidationError(why)
    return value
