"""The form of tasks, calls and meetings, once or repeated."""

from datetime import datetime, timedelta

from django import forms
from django.core.validators import validate_email
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from contacts.models import ActivityType, ContactPoint, Task
from contacts.models.activity import Kind
from contacts.models.task import END_OF_WORK
from contacts.services import reminders
from contacts.services.series import ALL, FOLLOWING, ONE
from contacts.services.state import state_of
from crm import recurrence as rules
from crm.forms import one_line_only
from crm.models import User
from crm.templatetags.ui import duration
from crm.text import norm_email

DAYS = [
    ("MO", _("Mon")),
    ("TU", _("Tue")),
    ("WE", _("Wed")),
    ("TH", _("Thu")),
    ("FR", _("Fri")),
    ("SA", _("Sat")),
    ("SU", _("Sun")),
]
REPEATS = [
    ("", _("does not repeat")),
    ("DAILY", pgettext_lazy("repetition", "every day")),
    ("WORKDAYS", _("Monday to Friday")),
    ("WEEKLY", pgettext_lazy("repetition", "every week")),
    ("MONTHLY", _("every month on this date")),
    ("MONTHLY_DAY", _("every month on this weekday")),
    ("YEARLY", pgettext_lazy("repetition", "every year")),
]
WORKDAYS = ["MO", "TU", "WE", "TH", "FR"]
SCOPES = [(ONE, _("only this one")), (FOLLOWING, _("this and following")), (ALL, pgettext_lazy("occurrences", "all"))]
MOST_GUESTS = 50


def kind_choices(held=None):
    """The four kinds, then the types of one's own that are on offer, and the one that is held already."""
    offered = ActivityType.objects.filter(Q(is_active=True) | Q(pk=held))
    own = [(f"t{row.pk}", str(row)) for row in offered]
    return [*Kind.choices, *own]


def kind_value(activity):
    """What is chosen among `kind_choices` for a task or step."""
    return f"t{activity.type_id}" if activity.type_id else activity.kind


def kind_and_type(value):
    """The two fields that a choice among `kind_choices` stands for."""
    own = None if value in Kind.values else ActivityType.objects.get(pk=value[1:])
    return {"kind": own.kind if own else value, "type": own}


def remind_choices():
    return [(n, duration(n) if n else _("when it is due")) for n in reminders.CHOICES]


class DateInput(forms.DateInput):
    def __init__(self):
        super().__init__(attrs={"type": "date"}, format="%Y-%m-%d")


class TaskForm(forms.ModelForm):
    """A task, call or meeting: what, who, when, how long, where, with whom, and whether it repeats."""

    kind = forms.ChoiceField(label=_("Kind"))
    due_on = forms.DateField(label=_("Due"), required=False, widget=DateInput())
    due_time = forms.TimeField(
        label=_("At"), required=False, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )
    whole_day = forms.BooleanField(label=_("Whole day"), required=False)
    day_count = forms.IntegerField(label=_("Days"), required=False, min_value=1, max_value=15, initial=1)
    minutes = forms.IntegerField(
        label=_("Length, minutes"),
        required=False,
        min_value=0,
        max_value=14 * 1440,
        help_text=_("Empty: only a due time."),
    )
    remind = forms.TypedMultipleChoiceField(
        label=_("Remind me before"),
        coerce=int,
        required=False,
        choices=remind_choices,
        widget=forms.CheckboxSelectMultiple,
    )
    colleagues = forms.ModelMultipleChoiceField(
        User.objects.filter(is_active=True), label=_("Colleagues"), required=False, widget=forms.CheckboxSelectMultiple
    )
    guests = forms.CharField(
        label=_("People outside"), required=False, max_length=2000,
        help_text=_("Email addresses, separated by commas. Nobody is written to before you press Invite."),
    )  # fmt: skip
    repeat = forms.ChoiceField(label=_("Repeats"), required=False, choices=REPEATS)
    interval = forms.IntegerField(label=_("Every"), required=False, min_value=1, max_value=99, initial=1)
    days = forms.MultipleChoiceField(label=_("On"), required=False, choices=DAYS, widget=forms.CheckboxSelectMultiple)
    until = forms.DateField(label=_("Last day"), required=False, widget=DateInput())
    count = forms.IntegerField(label=_("Number of times"), required=False, min_value=1, max_value=rules.MOST)
    scope = forms.ChoiceField(label=_("What changes"), required=False, choices=SCOPES, widget=forms.RadioSelect)
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    class Meta:
        model = Task
        fields = ["title", "owner", "place", "priority", "note"]
        widgets = {"note": forms.Textarea(attrs={"rows": 3})}

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.user = user
        self.fields["owner"].queryset = User.objects.filter(is_active=True)
        self.fields["owner"].required = True
        self.fields["kind"].choices = kind_choices(self.instance.type_id)
        self.fields["priority"].required = False
        self.fields["scope"].initial = ONE
        one_line_only(self)
        if self.instance.pk:
            self._fill_from(self.instance)

    def _fill_from(self, task):
        self.initial |= {"kind": kind_value(task), "seen": state_of(task)}
        self.initial |= {"minutes": task.minutes, "remind": [row.minutes for row in task.reminders.all()]}
        if task.due_at:
            local = timezone.localtime(task.due_at)
            self.initial |= {"due_on": task.day_on or local.date(), "due_time": local.time()}
        if task.day_on:
            self.initial |= {"whole_day": True, "day_count": task.days, "due_time": None, "minutes": None}
        people = list(task.participants.all())
        self.initial["colleagues"] = [row.user_id for row in people if row.user_id]
        self.initial["guests"] = ", ".join(row.email for row in people if not row.user_id)
        if task.recurrence_id:
            self.initial |= _rule_fields(task.recurrence.rule)

    def clean_guests(self):
        """The people outside as the services take them; those we know by their address are named."""
        written = dict.fromkeys(part.strip().lower() for part in self.cleaned_data["guests"].split(",") if part.strip())
        if len(written) > MOST_GUESTS:
            raise forms.ValidationError(_("Invite at most %(n)d people.") % {"n": MOST_GUESTS})
        for address in written:
            try:
                validate_email(address)
            except forms.ValidationError:
                raise forms.ValidationError(_("“%(address)s” is not an email address.") % {"address": address})
        norms = {norm_email(address): address for address in written}
        points = ContactPoint.objects.filter(kind="email", norm__in=norms, contact__isnull=False)
        known = {norms[point.norm]: point.contact for point in points.select_related("contact").order_by("-contact_id")}
        return [_guest(address, known.get(address)) for address in written]

    def clean(self):
        data = super().clean()
        if not data.get("due_on") and (data.get("repeat") or data.get("minutes") or data.get("whole_day")):
            self.add_error("due_on", _("Give a day first."))
        if data.get("until") and data.get("count"):
            self.add_error("count", _("Give either the last day or the number of times."))
        if data.get("until") and data.get("due_on") and data["until"] < data["due_on"]:
            self.add_error("until", _("The last day lies before the first."))
        if self.instance.recurrence_id and not data.get("repeat") and data.get("scope") in {FOLLOWING, ALL}:
            self.add_error("repeat", _("To end what repeats, press Delete and choose which ones."))
        if self.instance.pk and data.get("seen"):
            self._refuse_stale(data["seen"])
        return data

    def _refuse_stale(self, seen):
        now = state_of(Task.objects.get(pk=self.instance.pk))
        if seen != now:
            self.data = self.data.copy()
            self.data["seen"] = now
            self.add_error(
                None, _("Somebody changed this meanwhile. Look at it in another tab; Save again writes your version.")
            )

    def due_at(self):
        """The due instant in the reader's zone, or None. A whole day that stays keeps its own, whoever saves it where."""
        data = self.cleaned_data
        if data.get("whole_day") and data.get("due_on") and data["due_on"] == self.instance.day_on:
            return self.instance.due_at
        at = END_OF_WORK if data.get("whole_day") else data.get("due_time") or END_OF_WORK
        return timezone.make_aware(datetime.combine(data["due_on"], at)) if data.get("due_on") else None

    def length(self):
        """The length in minutes; of whole days how far the last one lies behind the first. None for a mere due time."""
        data = self.cleaned_data
        return ((data.get("day_count") or 1) - 1) * 1440 or None if data["whole_day"] else data["minutes"]

    def wall(self):
        """The due time as the clock on the wall shows it: for what repeats already that of its rule, else the reader's."""
        if self.cleaned_data["whole_day"]:
            return datetime.combine(self.cleaned_data["due_on"], END_OF_WORK)
        row = self.instance.recurrence
        return rules.wall_of(self.due_at(), row.zone) if row else timezone.make_naive(self.due_at())

    def values(self):
        """The fields of a task as they were written."""
        data, due = self.cleaned_data, self.due_at()
        values = {name: data[name] for name in self.Meta.fields} | {"due_at": due, "ends_at": None}
        values["day_on"] = data["due_on"] if data["whole_day"] else None
        if data["priority"] in {None, ""}:
            values["priority"] = Task.Priority.NORMAL
        if due and self.length():
            values["ends_at"] = due + timedelta(minutes=self.length())
        return values | kind_and_type(data["kind"])

    def people(self):
        """Who takes part, as the services take it."""
        inside = [{"user": u.pk, "name": u.name, "email": u.email} for u in self.cleaned_data["colleagues"]]
        return inside + self.cleaned_data["guests"]

    def rule(self):
        """The rule that was chosen; "" for none."""
        data = self.cleaned_data
        repeat = data.get("repeat")
        if not repeat:
            return ""
        frequency = {"WORKDAYS": "WEEKLY", "MONTHLY_DAY": "MONTHLY"}.get(repeat, repeat)
        return rules.build(
            frequency,
            self.wall(),
            interval=data.get("interval") or 1,
            days=WORKDAYS if repeat == "WORKDAYS" else data.get("days") or (),
            same_weekday=repeat == "MONTHLY_DAY",
            until=data.get("until"),
            count=data.get("count"),
        )


def _guest(address, contact):
    return {"contact": contact.pk if contact else None, "name": str(contact) if contact else "", "email": address}


def _rule_fields(rule):
    """What the form shows for a rule."""
    parts = rules.parse(rule)
    days = parts.get("BYDAY", "").split(",") if parts["FREQ"] == "WEEKLY" and "BYDAY" in parts else []
    repeat = "WORKDAYS" if days == WORKDAYS else parts["FREQ"]
    if parts["FREQ"] == "MONTHLY" and "BYDAY" in parts:
        repeat = "MONTHLY_DAY"
    until = datetime.strptime(parts["UNTIL"][:8], "%Y%m%d").date() if "UNTIL" in parts else None
    return {
        "repeat": repeat,
        "interval": int(parts.get("INTERVAL", 1)),
        "days": [] if repeat == "WORKDAYS" else days,
        "until": until,
        "count": parts.get("COUNT"),
    }
