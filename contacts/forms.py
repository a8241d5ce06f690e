"""Forms of contacts, companies and tasks."""

import re

from django import forms
from django.utils.translation import gettext_lazy as _

from contacts.dates import read_birthday
from contacts.forms_work import kind_and_type, kind_choices, kind_value
from contacts.models import Company, Contact, ContactPoint, Task
from contacts.services.points import PointRefused, normalise
from crm import field_access
from crm.custom.forms import WithCustom
from crm.forms import TwoColumns, one_line_only, zone_choices
from crm.forms_watchful import FieldWatchful
from crm.models import User

LANGUAGES = [("", "–"), ("en", "English"), ("ru", "Русский"), ("de", "Deutsch"), ("fr", "Français"), ("es", "Español")]


class TagsField(forms.CharField):
    """Tags separated by commas."""

    def prepare_value(self, value):
        return ", ".join(value) if isinstance(value, list) else value

    def to_python(self, value):
        tags = [tag.strip()[:60] for tag in super().to_python(value).split(",")]
        return list(dict.fromkeys(tag for tag in tags if tag))


class PointField(forms.CharField):
    """An email or a phone, refused with a sentence when it cannot be one."""

    def __init__(self, *, kind, **kwargs):
        self.kind = kind
        super().__init__(**kwargs)

    def clean(self, value):
        value = super().clean(value)
        if value:
            try:
                normalise(self.kind, value)
            except PointRefused as refusal:
                raise forms.ValidationError(str(refusal))
        return value


class BirthdayField(forms.CharField):
    """A day with its year or without. The form gets `birthday_has_year` beside it."""

    def has_changed(self, initial, data):
        return (initial or "") != (data or "").strip()

    def to_python(self, value):
        text = super().to_python(value)
        if not text:
            return None
        try:
            return read_birthday(text)
        except ValueError:
            raise forms.ValidationError(_("Write the day like 1980-03-05, 5.3.1980 or, without the year, 5 March."))


class ContactForm(FieldWatchful, WithCustom, forms.ModelForm):
    """All fields of a contact; the field named `only` alone for an edit in place. With `by` also the custom fields."""

    takes_files = True

    email = PointField(label=_("Email"), kind=ContactPoint.Kind.EMAIL, max_length=254, required=False)
    phone = PointField(label=_("Phone"), kind=ContactPoint.Kind.PHONE, max_length=40, required=False)
    company = forms.CharField(label=_("Company"), max_length=200, required=False)
    tags = TagsField(label=_("Tags"), required=False, help_text=_("Separated by commas."))
    language = forms.ChoiceField(label=_("Language"), choices=LANGUAGES, required=False)
    time_zone = forms.ChoiceField(label=_("Time zone"), choices=lambda: [("", "–"), *zone_choices()], required=False)
    birthday_on = BirthdayField(
        label=_("Birthday"), required=False, help_text=_("The year may be left out: 5 March."), max_length=40
    )

    class Meta:
        model = Contact
        fields = [
            "first_name", "last_name", "middle_name", "job_title", "email", "phone", "company", "stage", "language",
            "time_zone", "country", "region", "city", "street", "postcode", "birthday_on", "source", "owner", "tags",
        ]  # fmt: skip

    def __init__(self, *args, only=None, by=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = User.objects.filter(is_active=True)
        self.initial["company"] = (
            str(self.instance.company or "") if self.instance.pk else self.initial.get("company", "")
        )
        self.initial["birthday_on"] = self.instance.birthday_words if self.instance.pk else ""
        if only:
            self.fields = {only: self.fields[only]}
        one_line_only(self)
        field_access.limit(self, "contact", by)
        self.helper = TwoColumns(self, wide=["tags"])
        self.with_custom("contact", by, only)
        if not only:
            self.watch()

    def clean(self):
        data = super().clean()
        # A person who exists may have an address that whoever edits does not see.
        told = (
            {"first_name", "last_name"} if self.instance.pk is None else {"first_name", "last_name", "email", "phone"}
        )
        whole = told <= set(self.fields)
        if (
            whole
            and not any(data.get(name) for name in ("first_name", "last_name", "email", "phone"))
            and not self.errors
        ):
            raise forms.ValidationError(_("Write at least a name, an email or a phone."))
        return data

    def clean_country(self):
        return self.cleaned_data["country"].upper()

    def clean_birthday_on(self):
        born, has_year = self.cleaned_data["birthday_on"] or (None, True)
        self.cleaned_data["birthday_has_year"] = has_year
        return born

    def _post_clean(self):
        """Nothing: the services write, and what the form calls company is a name."""


class CompanyForm(FieldWatchful, WithCustom, forms.ModelForm):
    """All fields of a company; the field named `only` alone for an edit in place. With `by` also the custom fields."""

    takes_files = True

    tags = TagsField(label=_("Tags"), required=False, help_text=_("Separated by commas."))
    parent = forms.CharField(
        label=_("Part of"), max_length=200, required=False, help_text=_("The company above this one in its group.")
    )

    class Meta:
        model = Company
        fields = [
            "name", "parent", "domain", "email", "phone", "industry", "staff", "inn", "country", "region", "city",
            "street", "postcode", "source", "owner", "tags",
        ]  # fmt: skip

    def __init__(self, *args, only=None, by=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = User.objects.filter(is_active=True)
        self.initial["parent"] = str(self.instance.parent or "") if self.instance.pk else ""
        if only:
            self.fields = {only: self.fields[only]}
        one_line_only(self)
        field_access.limit(self, "company", by)
        self.helper = TwoColumns(self, wide=["name", "tags"])
        self.with_custom("company", by, only)
        if not only:
            self.watch()

    def _post_clean(self):
        """Nothing: the services write, and what the form calls the parent is a name."""

    def clean_country(self):
        return self.cleaned_data["country"].upper()

    def clean_phone(self):
        return self._point("phone", ContactPoint.Kind.PHONE)

    def clean_email(self):
        return self._point("email", ContactPoint.Kind.EMAIL)

    def _point(self, name, kind):
        value = self.cleaned_data[name]
        if value:
            try:
                normalise(kind, value)
            except PointRefused as refusal:
                raise forms.ValidationError(str(refusal))
        return value


class TaskCellForm(forms.ModelForm):
    """One field of a task, for a cell of the list. The kind may be a type of one's own."""

    kind = forms.ChoiceField(label=_("Kind"))

    class Meta:
        model = Task
        fields = ["title", "kind", "owner", "due_at"]
        widgets = {"due_at": forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")}

    def __init__(self, *args, only, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = User.objects.filter(is_active=True)
        self.fields["owner"].required = True
        self.fields["kind"].choices = kind_choices(self.instance.type_id)
        self.initial["kind"] = kind_value(self.instance)
        self.fields = {only: self.fields[only]}

    def clean_kind(self):
        self.kind_and_type = kind_and_type(self.cleaned_data["kind"])
        return self.kind_and_type["kind"]


class TalkForm(forms.Form):
    """The composer: a note, a call, a meeting, a letter."""

    kind = forms.ChoiceField(choices=[("note", ""), ("email", ""), ("call", ""), ("meeting", "")])
    subject = forms.CharField(max_length=200, required=False)
    text = forms.CharField(max_length=20000, error_messages={"required": _("Write what was said first.")})
    minutes = forms.IntegerField(required=False, min_value=1, max_value=1440)
    # Of a letter from one's own mailbox.
    own = forms.BooleanField(required=False)
    to = forms.CharField(max_length=254, required=False)
    copies = forms.CharField(max_length=2000, required=False)
    answers = forms.IntegerField(required=False)
    tracked = forms.BooleanField(required=False)
    at = forms.DateTimeField(
        required=False, input_formats=["%Y-%m-%dT%H:%M"], error_messages={"invalid": _("Write the moment in full.")}
    )

    def clean_copies(self):
        found = []
        for word in re.split(r"[\s,;]+", self.cleaned_data["copies"]):
            try:
                found += [normalise(ContactPoint.Kind.EMAIL, word)] if word else []
            except PointRefused as refusal:
                raise forms.ValidationError(str(refusal))
        return list(dict.fromkeys(found))

    def clean(self):
        data = super().clean()
        if data.get("kind") == "email" and not data.get("subject"):
            self.add_error("subject", _("Give the letter a subject first."))
        return data
