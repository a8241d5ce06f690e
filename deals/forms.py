"""Forms of deals, their stages and lines."""

from decimal import Decimal

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Div, Field, Layout
from django import forms
from django.utils.translation import gettext_lazy as _

from contacts.models import Company, Contact
from crm import field_access
from crm.custom.forms import WithCustom
from crm.forms_watchful import FieldWatchful
from crm.models import User, Workspace
from crm.money import CURRENCIES
from crm.picking import find_record
from deals.models import Deal, DealLine, LossReason, Pipeline, Product, Stage
from deals.models.gate import ASKABLE, missing_for


def _currencies():
    return [(code, f"{code} {sign}" if code != sign else code) for code, sign in CURRENCIES.items()]


def two_columns(form, wide=()):
    helper = FormHelper(form)
    helper.form_tag = False
    fields = [Field(name, wrapper_class="span-2" if name in wide else "") for name in form.fields]
    helper.layout = Layout(Div(*fields, css_class="form-2"))
    return helper


class DayField(forms.DateField):
    """A date with the browser's own picker."""

    def __init__(self, **kwargs):
        widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
        super().__init__(widget=widget, input_formats=["%Y-%m-%d", "%d.%m.%Y"], **kwargs)


class RecordField(forms.CharField):
    """A person or company by name: what is typed must be one that the user may see; its key may be given instead.

    Thousands of names in a select would make the page heavy, so the widget is a text box with suggestions.
    """

    def __init__(self, *, model, list_id, **kwargs):
        self.model, self.user = model, None
        widget = forms.TextInput(attrs={"list": list_id, "autocomplete": "off", "maxlength": 250})
        super().__init__(widget=widget, **kwargs)

    def prepare_value(self, value):
        if isinstance(value, self.model):
            return f"{value} #{value.pk}"
        if isinstance(value, int):
            found = self.model.objects.visible_to(self.user).filter(pk=value).first()
            return f"{found} #{value}" if found else ""
        return value

    def to_python(self, value):
        text = super().to_python(value).replace("\x00", "").strip()
        try:
            return find_record(self.model, text, self.user) if text else None
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None

    def has_changed(self, initial, data):
        try:
            found = self.to_python(data)
        except forms.ValidationError:
            return True
        return getattr(initial, "pk", initial) != getattr(found, "pk", None)


class DealForm(FieldWatchful, WithCustom, forms.ModelForm):
    """A deal; with `only` the field of that name alone, for an edit in place."""

    takes_files = True

    contact = RecordField(label=_("Contact"), model=Contact, list_id="contacts", required=False)
    company = RecordField(label=_("Company"), model=Company, list_id="companies", required=False)
    close_on = DayField(label=_("Expected close"), required=False)
    currency = forms.ChoiceField(label=_("Currency"), choices=_currencies)
    rate = forms.DecimalField(
        label=_("Rate"),
        min_value=Decimal("0.000001"),
        max_digits=14,
        decimal_places=6,
        required=False,
        help_text=_("How much of the company's currency one unit is worth."),
    )

    class Meta:
        model = Deal
        fields = [
            "name",
            "contact",
            "company",
            "stage",
            "amount",
            "currency",
            "rate",
            "close_on",
            "owner",
            "probability",
            "source",
            "competitor",
        ]

    def __init__(self, *args, user, only=None, pipeline=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.user = user
        for name in ("contact", "company"):
            self.fields[name].user = user
            shown = getattr(self.instance, name)
            if shown and not type(shown).objects.visible_to(user).filter(pk=shown.pk).exists():
                # Whoever may not see the person must not clear it by saving the rest.
                del self.fields[name]
        self.fields["owner"].queryset = User.objects.filter(is_active=True)
        if self.instance.pk:
            del self.fields["stage"]
        else:
            rows = Stage.objects.filter(kind__in=[Stage.Kind.OPEN, Stage.Kind.HOLD], pipeline__is_active=True)
            self.fields["stage"].queryset = rows.filter(pipeline=pipeline) if pipeline else rows
            self.fields["stage"].empty_label = None
        if self.instance.amount_source == Deal.AmountSource.LINES:
            self.fields["amount"].disabled = True
            self.fields["amount"].help_text = _("Follows the lines.")
        if not self.instance.is_open:
            for name in {"amount", "currency", "rate"}:
                self.fields[name].disabled = True
        if only:
            for name in set(self.fields) - {only}:
                del self.fields[name]
        field_access.limit(self, "deal", user)
        self.fields.get("probability") and self.fields["probability"].widget.attrs.update(min=0, max=100)
        self.helper = two_columns(self, wide=["name"])
        self.with_custom("deal", user, only)
        self.watch()

    def clean_rate(self):
        return self.cleaned_data.get("rate") or Decimal(1)

    def clean_probability(self):
        value = self.cleaned_data["probability"]
        if value is not None and value > 100:
            raise forms.ValidationError(_("A probability is between 0 and 100."))
        return value

    def clean_amount(self):
        value = self.cleaned_data["amount"]
        if value is not None and value < 0:
            raise forms.ValidationError(_("An amount is not below zero."))
        return value

    def clean(self):
        data = super().clean()
        base = Workspace.get().currency
        if "currency" in self.fields and "rate" in self.fields:
            if data.get("currency") == base:
                data["rate"] = Decimal(1)
            elif data.get("rate") == 1 and not self.data.get("rate"):
                self.add_error("rate", _("Give the rate to %(base)s.") % {"base": base})
        if not self.instance.pk and (stage := data.get("stage")):
            for name in [n for n in stage.asks if n in self.fields and data.get(n) in (None, "")]:
                self.add_error(name, _("The stage “%(stage)s” asks for this.") % {"stage": stage})
        return data


class StageMoveForm(forms.Form):
    """Where to, between which cards, and the fields that the stage still misses."""

    stage = forms.ModelChoiceField(Stage.objects.select_related("pipeline"), widget=forms.HiddenInput)
    was = forms.IntegerField(required=False, max_value=2**62, widget=forms.HiddenInput)
    above = forms.IntegerField(required=False, max_value=2**62, widget=forms.HiddenInput)
    below = forms.IntegerField(required=False, max_value=2**62, widget=forms.HiddenInput)

    def __init__(self, data, *, deal, user):
        super().__init__(data)
        self.deal = deal
        self.stage = self._stage()
        self.missing = missing_for(deal, self.stage) if self.stage and self.stage != deal.stage else []
        self.locked = [name for name in self.missing if not field_access.may_change(user, "deal", name)]
        self.missing = [name for name in self.missing if name not in self.locked]
        for name in self.missing:
            self.fields[name] = self._field(name, user)
        if "loss_reason" in self.missing or (self.stage and self.stage.kind == Stage.Kind.LOST):
            self.fields["loss_note"] = forms.CharField(
                label=_("What happened"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2})
            )
            self.fields["competitor"] = forms.CharField(label=_("Competitor"), required=False, max_length=150)
            self.initial = {"competitor": deal.competitor}
            for name in ("loss_note", "competitor"):
                if not field_access.may_change(user, "deal", name):
                    del self.fields[name]

    def clean(self):
        """What the stage asks for and this person may not give is for somebody else to fill in."""
        for name in self.locked:
            self.add_error(None, field_access.refusal(ASKABLE[name]))
        return super().clean()

    @property
    def gaps(self):
        """Visible fields of the gate."""
        return [self[name] for name in self.fields if name in ASKABLE or name == "loss_note"]

    @property
    def filling(self):
        """What was given for the missing fields."""
        names = [*self.missing, "loss_note", "competitor"]
        return {name: self.cleaned_data[name] for name in names if self.cleaned_data.get(name) not in (None, "")}

    @property
    def asked(self):
        """Whether the gate's fields were sent: a bare drop is not an answer."""
        return any(self.add_prefix(name) in self.data for name in self.missing)

    @property
    def present(self):
        """Names of what the stage asks for and the deal has."""
        return [ASKABLE[name] for name in (self.stage.asks if self.stage else []) if name not in self.missing]

    def _stage(self):
        try:
            return self.fields["stage"].clean(self.data.get("stage"))
        except forms.ValidationError:
            return None

    def _field(self, name, user):
        label = ASKABLE[name]
        if name == "close_on":
            return DayField(label=label)
        if name == "amount":
            return forms.DecimalField(label=label, min_value=0, max_digits=14, decimal_places=2)
        if name == "loss_reason":
            return forms.ModelChoiceField(
                LossReason.objects.filter(is_active=True), label=label, empty_label=_("Choose a reason")
            )
        if name in {"contact", "company"}:
            model = Contact if name == "contact" else Company
            field = RecordField(label=label, model=model, list_id=f"{name}-of-gate")
            field.user = user
            return field
        return forms.CharField(label=label, max_length=150)


class LineForm(forms.ModelForm):
    """Quantity, price, discount and tax of a line. The discount is "10 %" or an amount off the line."""

    discount = forms.CharField(label=_("Discount"), required=False, max_length=20)

    class Meta:
        model = DealLine
        fields = ["name", "qty", "price", "tax_rate"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial["discount"] = self.shown_discount(self.instance)
        for name in ("qty", "price", "tax_rate"):
            # 1,5 and 1.5 are both typed.
            self.fields[name].localize = True

    @staticmethod
    def shown_discount(line):
        """As people write it: 8 %, 120.00, or nothing."""
        if line.discount_percent:
            return f"{line.discount_percent.normalize():f} %"
        return f"{line.discount_amount:.2f}" if line.discount_amount else ""

    def clean_qty(self):
        qty = self.cleaned_data["qty"]
        if qty is not None and qty <= 0:
            raise forms.ValidationError(_("More than zero, please."))
        return qty

    def clean_price(self):
        price = self.cleaned_data["price"]
        if price is not None and price < 0:
            raise forms.ValidationError(_("A price is not below zero."))
        return price

    def clean_tax_rate(self):
        rate = self.cleaned_data["tax_rate"]
        if rate is not None and not 0 <= rate <= 100:
            raise forms.ValidationError(_("Between 0 and 100."))
        return rate

    def clean_discount(self):
        text = self.cleaned_data["discount"].replace("\u00a0", "").replace(" ", "").replace(",", ".")
        is_percent = text.endswith("%")
        try:
            value = Decimal(text.rstrip("%") or "0")
        except ArithmeticError:
            raise forms.ValidationError(_("Write 10 % or an amount."))
        if not value.is_finite() or value < 0 or (is_percent and value > 100) or value >= Decimal(10) ** 11:
            raise forms.ValidationError(_("Between 0 and 100 %, or an amount."))
        self.instance.discount_percent = value if is_percent else Decimal(0)
        self.instance.discount_amount = Decimal(0) if is_percent else value
        return text


class ProductForm(forms.ModelForm):
    currency = forms.ChoiceField(label=_("Currency"), choices=_currencies)

    class Meta:
        model = Product
        fields = [
            "name",
            "sku",
            "category",
            "unit",
            "price",
            "currency",
            "cost",
            "tax_rate",
            "description",
            "is_active",
        ]
        widgets = {"description": forms.Textarea(attrs={"rows": 3})}

    def __init__(self, *args, by, **kwargs):
        super().__init__(*args, **kwargs)
        field_access.limit(self, "product", by)
        self.helper = two_columns(self, wide=["name", "description"])


class PipelineForm(forms.ModelForm):
    class Meta:
        model = Pipeline
        fields = ["name", "position", "is_active"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = two_columns(self, wide=["name"])


class StageForm(forms.ModelForm):
    gate = forms.MultipleChoiceField(
        label=_("Asks for"),
        required=False,
        choices=[(n, label) for n, label in ASKABLE.items() if n != "loss_reason"],
        widget=forms.CheckboxSelectMultiple,
        help_text=_("A deal enters only when these are filled. The card asks for what is missing when it is dropped."),
    )

    class Meta:
        model = Stage
        fields = ["name", "kind", "probability", "rot_days", "position", "gate"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.instance.pk and self.instance.deals.exists():
            self.fields["kind"].disabled = True
            self.fields["kind"].help_text = _("Deals stand here: the kind stays.")
        self.helper = two_columns(self, wide=["gate"])
