"""Forms of custom fields: a block of its own inside the form of a record, or one field alone."""

from django import forms
from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from crm import files
from crm.custom import definitions, values, writing
from crm.models import CustomField, User

Kind = CustomField.Kind
_INPUTS = {Kind.DATE: "date", Kind.DATETIME: "datetime-local"}


class ValueField(forms.Field):
    """A box for a custom field: cleaned to what is stored."""

    def __init__(self, custom, *, by, **kwargs):
        self.custom, self.by = custom, by
        super().__init__(label=custom.label, help_text=custom.help, required=False, **kwargs)

    def as_read(self, text):
        """What was typed, as people read it."""
        try:
            return values.text(self.custom, values.clean(self.custom, text, by=self.by))
        except ValueError:
            return text

    def clean(self, value):
        try:
            return values.clean(self.custom, value, by=self.by)
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None


class UploadField(forms.FileField):
    """A box for a file; it is kept once the record is there."""

    def __init__(self, custom, **kwargs):
        self.custom = custom
        # When rules draw the boxes anew, what was chosen stays.
        widget = forms.FileInput(attrs={"hx-preserve": "true"})
        super().__init__(label=custom.label, help_text=custom.help, required=False, widget=widget, **kwargs)

    def clean(self, data, initial=None):
        upload = super().clean(data)
        if upload:
            try:
                files.check(upload, files.safe_name(upload.name), settings.MAX_FILE_SIZE)
            except files.FileRefused as refusal:
                raise forms.ValidationError(str(refusal)) from None
        return upload


def _widget(field):
    kind = field.kind
    if kind == Kind.LONG:
        return forms.Textarea(attrs={"rows": 4})
    if kind in {Kind.CHOICE, Kind.YES_NO}:
        choices = field.live_choices if kind == Kind.CHOICE else [("true", _("yes")), ("false", _("no"))]
        return forms.Select(choices=[("", "–"), *choices])
    if kind == Kind.CHOICES:
        return forms.CheckboxSelectMultiple(attrs={"class": "form-check-input"}, choices=field.live_choices)
    if kind == Kind.PERSON:
        people = User.objects.filter(is_active=True).order_by("name").values_list("pk", "name")
        return forms.Select(choices=[("", "–"), *people])
    if kind == Kind.FILE:
        return forms.FileInput()
    if kind in values.RECORDS:
        url = reverse("record_suggestions", args=[values.RECORDS[kind]])
        return forms.TextInput(attrs={"list": f"list_{field.name}", "autocomplete": "off", "data-suggest": url})
    if kind in {Kind.NUMBER, Kind.MONEY}:
        return forms.TextInput(attrs={"inputmode": "decimal"})
    return forms.TextInput(attrs={"type": _INPUTS.get(kind, "text")})


class CustomForm(forms.Form):
    """The custom fields of a record that `by` may change; the one named `only` alone.

    `record` is None for one that is about to be made. After `is_valid()` `changes` holds {key: stored value} of what
    was changed, and `after` all custom values as they will be. `overrides` are the other fields of the same form,
    `untouched` the names of boxes that say what they said when the form was opened.
    """

    untouched = frozenset()

    def __init__(self, subject, record=None, data=None, sent=None, *, by, only=None, takes_files=False):
        self.subject, self.record, self.by, self.only = subject, record, by, only
        self.takes_files = takes_files and record is None  # later a file is changed on the page itself
        self.overrides, self.changes, self.after, self.elsewhere = {}, {}, {}, []
        self.before = dict(record.custom) if record is not None else writing.defaults(subject, by)
        self.shown = [f for f in definitions.fields_of(subject, by) if self._belongs(f)]
        super().__init__(data, sent, initial={f.name: self._initial(f) for f in self.shown})
        for field in self.shown:
            is_upload = field.kind == Kind.FILE and not only
            self.fields[field.name] = (
                UploadField(field) if is_upload else ValueField(field, by=by, widget=_widget(field))
            )

    def _belongs(self, field):
        if not field.editable_by(self.by) or (field.kind == Kind.FILE and not (self.only or self.takes_files)):
            return False
        return self.only in (None, field.name)

    def _initial(self, field):
        stored = self.before.get(field.key)
        if stored is None or field.kind in {Kind.CHOICES, Kind.FILE}:
            return stored if field.kind != Kind.FILE or self.only else None
        if field.kind in values.RECORDS:
            found = values.names_of([(field, stored)], self.by).get((field.kind, stored))
            return f"{found} #{stored}" if found is not None else ""
        return values.typed_text(field, stored)

    def typed(self):
        """What the one field holds, as it would be typed: how two people's writing is told apart."""
        field = self.shown[0]
        return values.typed_text(field, self.before.get(field.key))

    def state(self):
        """How rules see the record while the form is being filled in."""
        typed = dict(self.before)
        if self.is_bound and self.errors is not None:  # cleans once
            boxes = [f for f in self.shown if f.name in self.cleaned_data and not self._is_upload(f)]
            boxes = [f for f in boxes if f.name not in self.untouched]
            typed |= {f.key: self.cleaned_data.get(f.name) for f in boxes}
        held = {key: value for key, value in typed.items() if value is not None}
        return writing.State(self.subject, self.record, held, self.overrides, self.by)

    def sections(self):
        """[(heading, boxes)]: those that apply now, each told whether it must be filled in or is locked."""
        state, found = self.state(), []
        for heading, fields in definitions.sections_of(self.shown):
            boxes = [self._box(field, state) for field in fields if state.shows(field)]
            found += [(heading, boxes)] if boxes else []
        return found

    def _box(self, field, state):
        box = self[field.name]
        box.field.disabled = state.locks(field)
        box.is_needed = state.demands(field)
        return box

    def clean(self):
        """Only what the request holds is changed: a box that was not shown, or not touched, keeps its value."""
        data = super().clean()
        boxes = [f for f in self.shown if not self._is_upload(f) and f.name not in self.untouched]
        asked = [f for f in boxes if f.name in self.data or f.name in self.files or self._is_unticked(f)]
        self.changes = {
            f.key: data[f.name]
            for f in asked
            if f.name in data and (self.record is None or data[f.name] != self.before.get(f.key))
        }
        return data

    def _post_clean(self):
        """One field alone is held against the rules at once: whoever asks is_valid() gets round none of them."""
        if self.only and self.record is not None and not self.errors:
            self._hold_rules()
            if self.shown and self.elsewhere:
                self.add_error(self.shown[0].name, self.elsewhere)

    def check(self):
        """Hold the changes against the rules, together with `overrides`. Errors stand at their boxes, those of fields
        without a box in `elsewhere`. Returns whether all is well."""
        if self.is_valid() and not (self.only and self.record is not None):
            self._hold_rules()
        return not self.errors and not self.elsewhere

    def _hold_rules(self):
        given = self.changes if self.record is not None else {**self.before, **self.changes}
        try:
            self.after = writing.check(
                self.subject, self.record, given, by=self.by, overrides=self.overrides, whole=self.only is None
            )
        except writing.CustomRefused as refusal:
            for key, text in refusal.errors.items():
                name = f"cf_{key}"
                self.add_error(name, text) if name in self.fields else self.elsewhere.append(text)

    def _is_upload(self, field):
        return field.kind == Kind.FILE and not self.only

    def save_files(self, record):
        """Keep the files that came with the form, now that there is a record. Returns sentences about those that a rule
        refuses."""
        refused = []
        for field in self.shown:
            upload = self.cleaned_data.get(field.name) if self._is_upload(field) else None
            if not upload:
                continue
            try:
                with transaction.atomic():
                    stored = files.store(upload, upload.name, by=self.by, target=record)
                    writing.write(record, {field.key: {"file": str(stored.uuid)}}, by=self.by)
            except ValueError as refusal:  # FileRefused and CustomRefused are such
                refused.append(str(refusal))
        return refused

    def _is_unticked(self, field):
        # A browser sends nothing for boxes without a tick; the mark beside them says that they were shown.
        return field.kind == Kind.CHOICES and (f"{field.name}_shown" in self.data or self.only == field.name)


class WithCustom:
    """Mixin for the form of a record: `self.custom` holds its custom fields.

    Call `with_custom(subject, by, only)` at the end of `__init__`; without `by` there are none. With `only` a field
    of the record itself is changed alone, and rules may still ask for others.
    """

    custom = None
    takes_files = False  # the page's form is sent with files, and whoever saves it calls `save_files`

    def with_custom(self, subject, by, only=None):
        record = self.instance if self.instance.pk else None
        if by is not None and definitions.all_fields(subject):
            data, sent = (self.data, self.files) if self.is_bound else (None, None)
            self.custom = CustomForm(subject, record, data, sent, by=by, takes_files=self.takes_files)
            if only:
                self.custom.shown, self.custom.fields = [], {}
                self.custom.only = only

    def clean(self):
        data = super().clean()
        if self.custom is None:
            return data
        if self.errors:
            self.custom.is_valid()
            return data
        self.custom.overrides = data or self.cleaned_data
        if not self.custom.check():
            # An edit in place shows the errors of its one field, the whole form those above it.
            alone = next(iter(self.fields), None) if self.custom.only else None
            self.add_error(alone, self.custom.elsewhere or [_("Look at the further fields: some cannot be saved so.")])
        return data

    def save_custom(self):
        """Write what was changed in the custom fields of a saved record."""
        if self.custom is not None and self.custom.changes:
            writing.write(self.instance, self.custom.changes, by=self.custom.by)

    def save_files(self, record):
        """Keep the files of the custom fields of a record that is saved now; see `CustomForm.save_files`."""
        return self.custom.save_files(record) if self.custom is not None else []

    @property
    def custom_values(self):
        """All custom values of the record after the form."""
        return self.custom.after if self.custom is not None else dict(self.instance.custom)
