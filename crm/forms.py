"""Forms of the settings area."""

import hashlib
import zoneinfo

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Div, Field, Layout
from django import forms
from django.contrib.auth import password_validation
from django.utils.translation import gettext_lazy as _

from crm import access, field_access, notify
from crm.models import Invitation, Role, Team, User, Workspace
from crm.money import CURRENCIES
from crm.text import CONTROLS


def zone_choices():
    """All IANA zones with a place in them, in order."""
    return [
        (zone, zone.replace("_", " "))
        for zone in sorted(zoneinfo.available_timezones())
        if "/" in zone or zone == "UTC"
    ]


def one_line_only(form):
    """Refuse line ends and other controls in the one-line fields: names and addresses stand in heads of letters."""
    for field in form.fields.values():
        if isinstance(field, forms.CharField) and not isinstance(field.widget, forms.Textarea):
            field.validators.append(_refuse_controls)


def _refuse_controls(value):
    if isinstance(value, str) and CONTROLS.search(value):
        raise forms.ValidationError(_("There is a line end or a control character in it. Write it in one line."))


class Plain:
    """Crispy layout without a form tag of its own."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = FormHelper(self)
        self.helper.form_tag = False


class Watchful(Plain):
    """A form that notices when somebody else has saved the record since it was opened; call it in a transaction.

    It then refuses once, keeps what was written here and tells what the others wrote (`theirs`): nothing is lost.
    """

    theirs = ()

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["seen"] = forms.CharField(required=False, widget=forms.HiddenInput, initial=self._print())

    def clean(self):
        data = super().clean()
        if self.instance._state.adding:
            return data
        saved = type(self.instance).objects.select_for_update().get(pk=self.instance.pk)
        present = self._print(saved)
        if data.get("seen") not in ("", present):
            self.theirs = self._others(saved, data)
            self.data = self.data.copy()
            self.data[self.add_prefix("seen")] = present
            raise forms.ValidationError(
                _("Somebody saved this while you were writing. Yours is kept below: save again to replace theirs.")
            )
        return data

    def _others(self, saved, data):
        """[(label, text)] of what stands there now and is not what was typed here."""
        return [
            (self.fields[name].label, str(self._shown(saved, name)))
            for name in self._meta.fields
            if name in self.fields
            and self.fields[name].prepare_value(getattr(saved, name)) != data.get(name)
            and getattr(saved, name) != data.get(name)
        ]

    def _print(self, row=None):
        row = row or self.instance
        values = "\x1f".join(str(self._meta.model._meta.get_field(f).value_from_object(row)) for f in self._meta.fields)
        return hashlib.sha256(values.encode()).hexdigest()[:32]

    @staticmethod
    def _shown(row, name):
        shown = getattr(row, f"get_{name}_display", None)
        value = shown() if shown else getattr(row, name)
        return {True: _("yes"), False: _("no")}.get(value, value) if isinstance(value, bool) else value


class TwoColumns(FormHelper):
    """Fields in two columns; those named in `wide` over both."""

    def __init__(self, form, wide=()):
        super().__init__(form)
        self.form_tag = False
        fields = [Field(name, wrapper_class="span-2" if name in wide else "") for name in form.fields]
        self.layout = Layout(Div(*fields, css_class="form-2"))


class ProfileForm(forms.ModelForm):
    time_zone = forms.ChoiceField(label=_("Time zone"), choices=zone_choices)

    class Meta:
        model = User
        fields = ["name", "job_title", "phone", "language", "time_zone", "week_start", "theme", "signature"]
        widgets = {"signature": forms.Textarea(attrs={"rows": 3})}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = TwoColumns(self, wide=["name", "signature"])
        for kind in notify.notification_kinds():
            for channel in ("page", "mail"):
                self.initial[f"{kind.name}:{channel}"] = notify.wants(self.instance, kind.name, channel)

    def notification_rows(self):
        """(label, name of the box for the page, is on, name for mail, is on) for each kind."""
        return [
            (
                k.label,
                f"{k.name}:page",
                self.initial[f"{k.name}:page"],
                f"{k.name}:mail",
                self.initial[f"{k.name}:mail"],
            )
            for k in notify.notification_kinds()
        ]

    def save(self, commit=True):
        self.instance.notify = {
            kind.name: {channel: f"{kind.name}:{channel}" in self.data for channel in ("page", "mail")}
            for kind in notify.notification_kinds()
        }
        return super().save(commit)


class WorkspaceForm(forms.ModelForm):
    time_zone = forms.ChoiceField(label=_("Time zone"), choices=zone_choices)
    currency = forms.ChoiceField(label=_("Currency"), choices=[(c, f"{c} {s}") for c, s in CURRENCIES.items()])

    class Meta:
        model = Workspace
        fields = ["name", "language", "time_zone", "country", "currency", "mail_name", "mail_from", "phone", "address"]
        widgets = {"address": forms.Textarea(attrs={"rows": 3})}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = TwoColumns(self, wide=["name", "address"])

    def clean_country(self):
        country = self.cleaned_data["country"].upper()
        if len(country) != 2 or not country.isalpha():
            raise forms.ValidationError(_("Write the two letters of the country, such as DE or RU."))
        return country


class UserForm(forms.ModelForm):
    class Meta:
        model = User
        fields = ["name", "job_title", "team", "roles", "is_active"]
        widgets = {"roles": forms.CheckboxSelectMultiple}

    def __init__(self, *args, by, **kwargs):
        self.by = by
        super().__init__(*args, **kwargs)
        self.helper = TwoColumns(self, wide=["roles"])

    def clean_is_active(self):
        active = self.cleaned_data["is_active"]
        if not active and self.instance == self.by:
            raise forms.ValidationError(_("You cannot switch yourself off. Ask another administrator."))
        return active

    def clean_roles(self):
        return refuse_more_than_own(self.cleaned_data["roles"], self.by, keep=set(self.instance.roles.all()))


def refuse_more_than_own(roles, by, keep=()):
    """Nobody gives away rights that he does not hold himself. Raises ValidationError."""
    for role in roles:
        if role in keep:
            continue
        for kind, acts in role.grants.items():
            if any(int(level) > by.level(kind, act) for act, level in acts.items()):
                raise forms.ValidationError(
                    _("The role “%(role)s” has rights that you do not have. Ask an administrator to give it.")
                    % {"role": role}
                )
    return roles


class TeamForm(forms.ModelForm):
    class Meta:
        model = Team
        fields = ["name", "parent"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = TwoColumns(self)
        self.fields["name"].label = _("Name of the team")
        if self.instance.pk:
            self.fields["parent"].queryset = Team.objects.exclude(pk__in=self.instance.branch_ids())


class RoleForm(forms.ModelForm):
    """What a role gives for each kind of record, and which single fields of it the role limits."""

    class Meta:
        model = Role
        fields = ["name"]

    def __init__(self, *args, by, **kwargs):
        self.by = by
        super().__init__(*args, **kwargs)
        self.fields["name"].widget.attrs["class"] = "form-control"
        self.fields["name"].label = _("Name of the role")

    def acts(self):
        """The heads of the matrix."""
        return [label for _act, label in access.ACTS]

    def rows(self):
        """(kind, [(act label, field name, level, choices)]) of the matrix."""
        rows = []
        for kind in access.kinds():
            choices = access.LEVELS if kind.owned else [access.LEVELS[0], access.LEVELS[3]]
            cells = [
                (label, f"{kind.name}:{act}", self.instance.level(kind.name, act), choices)
                for act, label in access.ACTS
            ]
            rows.append((kind, cells))
        return rows

    def fields_by_kind(self):
        """[(kind, [(label, field name, level)], how many are limited)] of the kinds whose fields can be limited."""
        found = []
        for kind in access.kinds():
            limits = self.instance.fields.get(kind.name, {})
            cells = [
                (label, f"field:{kind.name}:{name}", int(self._chosen(f"field:{kind.name}:{name}", limits.get(name))))
                for name, label in field_access.guarded(kind.name)
            ]
            found += [(kind, cells, sum(level < field_access.EDIT for _l, _n, level in cells))] if cells else []
        return found

    @property
    def levels(self):
        """The choices for a field."""
        return field_access.LEVELS

    def _chosen(self, name, kept):
        chosen = self.data.get(name, kept)
        return chosen if str(chosen) in {"0", "1", "2"} else field_access.EDIT

    def _limits(self):
        """{kind: {field: level}} as it was chosen. Nobody opens a field that is limited for himself."""
        rows, limits = self.fields_by_kind(), {}
        shown = {name for _kind, cells, _n in rows for _label, name, _level in cells}
        for kind, named in self.instance.fields.items():
            # What is retired keeps its limits until it comes back.
            if kept := {field: level for field, level in named.items() if f"field:{kind}:{field}" not in shown}:
                limits[kind] = kept
        for kind, cells, _n in rows:
            for label, name, level in cells:
                field = name.split(":", 2)[2]
                before = int(self.instance.fields.get(kind.name, {}).get(field, field_access.EDIT))
                if level > before and level > field_access.level(self.by, kind.name, field):
                    raise forms.ValidationError(_("You cannot give more than you have: %(kind)s.") % {"kind": label})
                if level < field_access.EDIT:
                    limits.setdefault(kind.name, {})[field] = level
        return limits

    def clean(self):
        rows = self.rows()
        # Kinds that are retired keep their rights until they come back.
        shown = {kind.name for kind, _cells in rows}
        grants = {name: acts for name, acts in self.instance.grants.items() if name not in shown}
        for kind, cells in rows:
            for _label, name, _level, choices in cells:
                chosen = self.data.get(name, "0")
                if chosen not in {str(level) for level, _text in choices}:
                    raise forms.ValidationError(_("That level does not exist. Reload the page."))
                act = name.partition(":")[2]
                if int(chosen) > self.by.level(kind.name, act) and int(chosen) > self.instance.level(kind.name, act):
                    raise forms.ValidationError(
                        _("You cannot give more than you have: %(kind)s.") % {"kind": kind.label}
                    )
                grants.setdefault(kind.name, {})[act] = int(chosen)
        self.instance.fields, self.instance.grants = self._limits(), grants
        return super().clean()


class InvitationForm(forms.ModelForm):
    class Meta:
        model = Invitation
        fields = ["email", "name", "team", "language", "roles"]
        widgets = {"roles": forms.CheckboxSelectMultiple}

    def __init__(self, *args, by, **kwargs):
        self.by = by
        super().__init__(*args, **kwargs)
        self.helper = TwoColumns(self, wide=["roles"])

    def clean_email(self):
        email = self.cleaned_data["email"].lower()
        if User.objects.filter(email=email).exists():
            raise forms.ValidationError(_("This person already has an account."))
        return email

    def clean_roles(self):
        return refuse_more_than_own(self.cleaned_data["roles"], self.by)


class NewAccountForm(forms.Form):
    """Name and password of somebody who joins; with an email on first start."""

    email = forms.EmailField(label=_("Email"))
    name = forms.CharField(label=_("Your name"), max_length=150)
    company = forms.CharField(label=_("Company"), max_length=150)
    password = forms.CharField(
        label=_("Password"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least ten characters."),
        max_length=200,
    )

    def __init__(self, *args, first=False, **kwargs):
        super().__init__(*args, **kwargs)
        if not first:
            del self.fields["email"], self.fields["company"]
        self.helper = FormHelper(self)
        self.helper.form_tag = False

    def clean_password(self):
        password = self.cleaned_data["password"]
        password_validation.validate_password(password, User(name=self.cleaned_data.get("name", "")))
        return password
