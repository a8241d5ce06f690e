"""Forms of tickets, the knowledge base and their settings."""

from django import forms
from django.utils.translation import gettext_lazy as _

from contacts.services.points import PointRefused, normalise
from crm.forms import Plain, Watchful, zone_choices
from crm.models import BusinessCalendar, SpecialDay, User
from tickets.models import Article, Category, DeskSettings, Macro, Mailbox, Priority, SlaTarget, Ticket


class TicketForm(Plain, forms.Form):
    """A request that an agent takes down."""

    email = forms.CharField(label=_("Client's email"), max_length=254)
    name = forms.CharField(label=_("Client's name"), max_length=150, required=False)
    subject = forms.CharField(label=_("Subject"), max_length=300)
    text = forms.CharField(label=_("What is it about"), widget=forms.Textarea(attrs={"rows": 8}), max_length=100_000)
    priority = forms.ChoiceField(label=_("Priority"), choices=Priority.choices, initial=Priority.NORMAL)

    def clean_email(self):
        try:
            return normalise("email", self.cleaned_data["email"])
        except PointRefused as refusal:
            raise forms.ValidationError(str(refusal))


class ReplyForm(forms.Form):
    """An answer or a note. `seen` is the newest message the agent had before him."""

    text = forms.CharField(max_length=100_000, error_messages={"required": _("Write the answer first.")})
    kind = forms.ChoiceField(choices=[("reply", ""), ("note", "")])
    status = forms.ChoiceField(choices=[("", ""), *Ticket.Status.choices], required=False)
    seen = forms.IntegerField(required=False)


class AssignForm(forms.Form):
    owner = forms.ModelChoiceField(User.objects.filter(is_active=True), label=_("Assigned to"), required=False)


class PriorityForm(forms.Form):
    priority = forms.ChoiceField(label=_("Priority"), choices=Priority.choices)


class StatusForm(forms.Form):
    status = forms.ChoiceField(label=_("Status"), choices=Ticket.Status.choices)


class TagsForm(forms.Form):
    """Tags of a ticket: those that stay, and new ones written down, separated by commas."""

    keep = forms.TypedMultipleChoiceField(required=False)
    new = forms.CharField(max_length=600, required=False)

    def __init__(self, *args, known=(), **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["keep"].choices = [(tag, tag) for tag in known]

    def tags(self):
        """All of them in the order given."""
        return [*self.cleaned_data["keep"], *self.cleaned_data["new"].split(",")]


class RatingForm(forms.Form):
    score = forms.TypedChoiceField(
        coerce=int, choices=[(n, n) for n in range(1, 6)], error_messages={"required": _("Choose one to five stars.")}
    )
    comment = forms.CharField(max_length=5000, required=False)


class ArticleForm(Watchful, forms.ModelForm):
    class Meta:
        model = Article
        fields = ["title", "summary", "category", "language", "state", "body"]
        widgets = {"body": forms.Textarea(attrs={"rows": 18})}


class CategoryForm(Plain, forms.ModelForm):
    class Meta:
        model = Category
        fields = ["name", "language", "position"]


class MailboxForm(Plain, forms.ModelForm):
    password = forms.CharField(
        label=_("Password"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        required=False,
        max_length=200,
        help_text=_("Empty keeps the present one."),
    )

    class Meta:
        model = Mailbox
        fields = [
            "name",
            "address",
            "host",
            "port",
            "use_tls",
            "user_name",
            "password",
            "folder",
            "signature",
            "is_active",
        ]
        widgets = {"signature": forms.Textarea(attrs={"rows": 3})}

    def save(self, commit=True):
        if self.cleaned_data["password"]:
            self.instance.password = self.cleaned_data["password"]
        if "host" in self.changed_data or "folder" in self.changed_data:
            self.instance.last_uid = self.instance.uid_validity = 0
        return super().save(commit)


class DeskSettingsForm(Watchful, forms.ModelForm):
    class Meta:
        model = DeskSettings
        fields = ["raw_days", "new_contacts", "ask_on_close", "quiet_days"]


class MacroForm(Watchful, forms.ModelForm):
    class Meta:
        model = Macro
        fields = ["name", "language", "text"]
        widgets = {"text": forms.Textarea(attrs={"rows": 8})}


class SlaForm(Watchful, forms.ModelForm):
    class Meta:
        model = SlaTarget
        fields = ["calendar", "first_response", "resolution"]


class CalendarForm(Watchful, forms.ModelForm):
    time_zone = forms.ChoiceField(label=_("Time zone"), choices=zone_choices)

    class Meta:
        model = BusinessCalendar
        fields = ["name", "time_zone", "week"]


class SpecialDayForm(Plain, forms.ModelForm):
    day = forms.DateField(label=_("Day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))

    class Meta:
        model = SpecialDay
        fields = ["day", "name", "hours"]
