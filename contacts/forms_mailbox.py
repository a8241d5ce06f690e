"""Forms of the personal mailbox: the account, what colleagues see of it, its folders."""

import re

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from contacts.models import LetterTemplate, PersonalMailbox
from contacts.services.mailbox import owning
from contacts.services.mailbox.templates import HOLES, unknown_holes
from crm.forms import Plain, TwoColumns, Watchful, one_line_only
from crm.text import norm_email

Security = PersonalMailbox.Security
# (IMAP host, port, security, SMTP host, port, security) of providers by the domain of the address.
_GOOGLE = ("imap.gmail.com", 993, "tls", "smtp.gmail.com", 465, "tls")
_MICROSOFT = ("outlook.office365.com", 993, "tls", "smtp.office365.com", 587, "starttls")
_YANDEX = ("imap.yandex.ru", 993, "tls", "smtp.yandex.ru", 465, "tls")
_MAIL_RU = ("imap.mail.ru", 993, "tls", "smtp.mail.ru", 465, "tls")
_APPLE = ("imap.mail.me.com", 993, "tls", "smtp.mail.me.com", 587, "starttls")
PROVIDERS = {
    "gmail.com": _GOOGLE, "googlemail.com": _GOOGLE, "outlook.com": _MICROSOFT, "hotmail.com": _MICROSOFT,
    "live.com": _MICROSOFT, "yandex.ru": _YANDEX, "yandex.com": _YANDEX, "ya.ru": _YANDEX, "mail.ru": _MAIL_RU,
    "bk.ru": _MAIL_RU, "list.ru": _MAIL_RU, "inbox.ru": _MAIL_RU, "icloud.com": _APPLE, "me.com": _APPLE,
}  # fmt: skip
_SERVER = ("imap_host", "imap_port", "imap_security", "smtp_host", "smtp_port", "smtp_security")
_DOMAIN = re.compile(r"(\*\.)?([\w-]+\.)+[\w-]{2,}\Z")
MOST_RULES = 200


class AccountForm(forms.ModelForm):
    """Address, account and servers. Servers that are left empty are those of the provider, or the usual names."""

    password = forms.CharField(
        label=_("Password"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        required=False,
        max_length=400,
        help_text=_("Where the provider has them, a password for programs. It is kept locked and never shown."),
    )

    class Meta:
        model = PersonalMailbox
        fields = ["address", "user_name", "password", "first_days", *_SERVER]
        help_texts = {"user_name": _("Empty: the address."), "imap_host": _("Empty: found by the address.")}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name in _SERVER:
            self.fields[name].required = False
        if self.instance.provider:
            # The token is for that account at the provider's own servers and for no others.
            for name in ("address", "user_name", "password", *_SERVER):
                del self.fields[name]
        elif self.instance.secret:
            self.fields["password"].help_text = _("Empty keeps the present one.")
        one_line_only(self)
        self.helper = TwoColumns(self, wide=["password"])

    def clean_address(self):
        address = self.cleaned_data["address"]
        why = owning.stands_against(address, self.instance.user) if "address" in self.changed_data else ""
        if why:
            raise forms.ValidationError(why)
        return address

    def clean(self):
        data = super().clean()
        if not data.get("address") or self.instance.provider:
            return data
        self._fill(data)
        if not data.get("password"):
            self._ask_password(data)
        for kind in ("imap", "smtp"):
            place = f"{data.get(f'{kind}_host')}:{data.get(f'{kind}_port')}"
            if data.get(f"{kind}_security") == Security.NONE and place not in settings.OUTSIDE_ALLOW:
                self.add_error(
                    f"{kind}_security",
                    _("Without encryption only servers that the administrator allows are asked. Choose TLS."),
                )
        return data

    def _ask_password(self, data):
        """The password that is kept goes to the servers for which it was given, and to no others."""
        if not self.instance.secret:
            self.add_error("password", _("Write the password of the mailbox."))
        elif any(data.get(name) != self.initial[name] for name in _SERVER):
            self.add_error("password", _("The servers are others now. Write the password once more."))

    def _fill(self, data):
        domain = data["address"].rpartition("@")[2].lower()
        usual = (f"imap.{domain}", 993, Security.TLS, f"smtp.{domain}", 465, Security.TLS)
        known = PROVIDERS.get(domain, usual)
        for kind, values in (("imap", known[:3]), ("smtp", known[3:])):
            names = [f"{kind}_{part}" for part in ("host", "port", "security")]
            if not data.get(names[0]):
                data.update(zip(names, values, strict=True))
            data[names[1]] = data.get(names[1]) or values[1]
            data[names[2]] = data.get(names[2]) or values[2]

    @property
    def is_elsewhere(self):
        """Whether another mailbox is meant than before, so that nothing known of its folders holds."""
        return bool(self.instance.pk) and bool({"address", "user_name", "imap_host"} & set(self.changed_data))

    def save(self, commit=True):
        if "address" in self.changed_data:
            self.instance.proved_at = None
        if self.cleaned_data.get("password"):
            self.instance.password = self.cleaned_data["password"]
        return super().save(commit)


class RulesForm(Plain, forms.ModelForm):
    """What of the letters others see, and what is never stored."""

    excluded = forms.CharField(
        label=_("Never store letters with"),
        widget=forms.Textarea(attrs={"rows": 3, "placeholder": "bank.example\n*.example.org\nann@example.com"}),
        required=False,
        max_length=20_000,
        help_text=_("Addresses and domains, one a line; *.example.org means all below it."),
    )

    class Meta:
        model = PersonalMailbox
        fields = ["shown", "excluded", "tracks"]
        labels = {"shown": _("Colleagues who see the contact see")}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial["excluded"] = "\n".join(self.instance.excluded)

    def clean_excluded(self):
        rules = []
        for word in re.split(r"[\s,;]+", self.cleaned_data["excluded"].lower()):
            rule = norm_email(word) if "@" in word.strip("@") else word.lstrip("@")
            if not word:
                continue
            if not rule or len(rule) > 254 or ("@" not in rule and not _DOMAIN.match(rule)):
                raise forms.ValidationError(_("“%(word)s” is neither an address nor a domain.") % {"word": word[:100]})
            rules.append(rule)
        return list(dict.fromkeys(rules))[:MOST_RULES]


class LetterTemplateForm(Watchful, forms.ModelForm):
    class Meta:
        model = LetterTemplate
        fields = ["name", "subject", "text", "language", "shared"]
        widgets = {"text": forms.Textarea(attrs={"rows": 10})}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        holes = " ".join(f"{{{hole}}}" for hole in HOLES)
        self.fields["text"].help_text = _(
            "%(holes)s are filled in; {company|your company} says what stands there when it is not known."
        ) % {"holes": holes}

    def clean(self):
        data = super().clean()
        for name in ("subject", "text"):
            if faulty := unknown_holes(data.get(name) or ""):
                self.add_error(name, _("Nothing is known by the name %(hole)s.") % {"hole": ", ".join(faulty[:3])})
        return data


class WaitingLetterForm(Plain, forms.Form):
    """A letter that waits: its words and when it goes."""

    subject = forms.CharField(label=_("Subject"), max_length=200)
    text = forms.CharField(label=_("Text"), widget=forms.Textarea(attrs={"rows": 10}), max_length=20_000)
    at = forms.DateTimeField(
        label=_("Goes"), widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["at"].input_formats = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
        one_line_only(self)
