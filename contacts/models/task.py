"""What is to be done next."""

from datetime import datetime, time, timedelta

from django.db import models
from django.db.models import Case, F, Func, Q, Value, When
from django.db.models.functions import Coalesce
from django.db.models.lookups import LessThan
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.models.activity import Activity, new_uid
from contacts.models.contact import Contact
from contacts.models.recurrence import Recurrence
from crm import audit
from crm.access import OwnedQuerySet, predicate

END_OF_WORK = time(17)  # what a day without an hour means
# When a task is due at the latest: of several whole days at the end of the last one.
DUE_BY = Case(When(day_on__isnull=False, then=Coalesce("ends_at", "due_at")), default=F("due_at"))


def due_by_here():
    """The same on the clock of whoever looks: the last day is the same one everywhere, and ends there."""
    span = Coalesce(F("ends_at") - F("due_at"), Value(timedelta()))
    wall = F("day_on") + Value(timedelta(hours=END_OF_WORK.hour)) + span
    # Not its short name: of a fixed offset that is "-12", which the database takes for twelve hours east.
    zone = Value(str(timezone.get_current_timezone()))
    instant = Func(
        wall, zone, arg_joiner=" AT TIME ZONE ", template="(%(expressions)s)", output_field=models.DateTimeField()
    )
    return Case(When(day_on__isnull=False, then=instant), default=F("due_at"), output_field=models.DateTimeField())


def late():
    """A condition on tasks: the due time has passed; of whole days the last one is over. `Task.due_now` says the same of
    one."""
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    return Q(day_on=None, due_at__lt=timezone.now()) | Q(day_on__isnull=False) & Q(LessThan(due_by_here(), midnight))


class TaskQuerySet(OwnedQuerySet):
    def open(self):
        return self.filter(done_at=None)

    def for_card(self):
        """With what a row or the page shows."""
        return self.select_related("contact", "company", "owner", "type")

    def for_page(self):
        """With what its own page shows besides."""
        return self.for_card().select_related("recurrence").prefetch_related("reminders", "participants")

    def visible_to(self, user):
        """Also those in which the user takes part, whoever owns them."""
        condition = predicate(self.model, user, "view")
        if condition is None:
            return self
        return self.filter(condition | models.Q(pk__in=Participant.objects.filter(user=user).values("task")))

    def between(self, start, end):
        """Those that stand in [start, end) of a calendar."""
        # The lower bound keeps the index in use: nothing lasts longer than that.
        long_ago = start - Task.LONGEST
        return self.filter(due_at__lt=end, due_at__gte=long_ago).filter(
            models.Q(due_at__gte=start) | models.Q(ends_at__gt=start)
        )


@audit.tracked(exclude=["uid", "revision"])
class Task(Activity):
    """One task, call or meeting. `due_at` is when it is due or begins; with `ends_at` it fills a span.

    One of whole days has the first of them in `day_on`, which no time zone moves. `due_at` is then the end of that
    working day, by which it is sorted and reminded of; `ends_at` lies as many days later as it has more. It is late only
    when the last of them is over.

    `key` makes tasks that the program gives unique: the same reason never makes two. `slot` is the wall time at which
    its recurrence has it, wherever it was moved since. `revision` counts what people outside were told of (RFC 5545
    SEQUENCE), `uid` is its name there.
    """

    LONGEST = timedelta(days=14)

    reasons = models.JSONField(_("reasons"), default=list, blank=True)
    due_at = models.DateTimeField(_("due"), null=True, blank=True)
    day_on = models.DateField(_("whole day"), null=True, blank=True)
    ends_at = models.DateTimeField(_("ends"), null=True, blank=True)
    is_hot = models.BooleanField(_("hot"), default=False)
    done_at = models.DateTimeField(_("done"), null=True, blank=True)
    outcome = models.CharField(_("outcome"), max_length=200, blank=True)
    key = models.CharField(max_length=200, null=True, blank=True, unique=True)
    recurrence = models.ForeignKey(Recurrence, models.SET_NULL, null=True, blank=True, related_name="occurrences")
    slot = models.CharField(max_length=16, null=True, blank=True)
    uid = models.CharField(max_length=32, default=new_uid, db_default="", editable=False)
    revision = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now)

    objects = TaskQuerySet.as_manager()

    class Meta:
        verbose_name = _("task")
        verbose_name_plural = _("tasks")
        indexes = [
            models.Index(fields=["owner", "due_at"], condition=models.Q(done_at=None), name="task_open"),
            models.Index(fields=["contact", "due_at"], condition=models.Q(done_at=None), name="task_next_of_contact"),
            models.Index(fields=["company", "due_at"], condition=models.Q(done_at=None), name="task_next_of_company"),
            models.Index(fields=["target_type", "target_id"], condition=models.Q(done_at=None), name="task_of_target"),
            models.Index(fields=["target_type", "target_id"], name="task_about"),
            models.Index(fields=["owner", "due_at", "id"], name="task_calendar"),
            models.Index(fields=["due_at", "id"], name="task_by_due"),
        ]
        constraints = [models.UniqueConstraint(fields=["recurrence", "slot"], name="task_once_a_slot")]

    def get_absolute_url(self):
        return reverse("contacts:task_show", args=[self.pk])

    @property
    def is_open(self):
        return self.done_at is None

    @property
    def minutes(self):
        """How long it lasts; None for a mere due time."""
        return round((self.ends_at - self.due_at).total_seconds() / 60) if self.ends_at and self.due_at else None

    @property
    def days(self):
        """How many whole days it takes; 0 for one that has hours."""
        return 1 + round((self.minutes or 0) / 1440) if self.day_on else 0

    @property
    def last_on(self):
        """The last of its whole days."""
        return self.day_on + timedelta(days=self.days - 1)

    @property
    def due_by(self):
        """When it is due at the latest, as `DUE_BY`."""
        return self.ends_at if self.day_on and self.ends_at else self.due_at

    @property
    def due_now(self):
        """The due time that counts for whoever looks now: of whole days that of today while they last, else of the
        nearest. It is late when this has passed, of whole days when its day has."""
        if not self.day_on:
            return self.due_at
        day = min(max(timezone.localdate(), self.day_on), self.last_on)
        return timezone.make_aware(datetime.combine(day, END_OF_WORK))


# By how much `due_by_here` differs from `due_at` at most: clocks are up to 26 hours apart, and no task lasts longer.
DUE_STRAYS = (timedelta(days=-2), Task.LONGEST + timedelta(days=2))


class Reminder(models.Model):
    """A word some minutes before a task is due. `due_at` follows the task; `sent_at` says that it was given."""

    task = models.ForeignKey(Task, models.CASCADE, related_name="reminders")
    minutes = models.PositiveIntegerField(_("minutes before"))
    due_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("reminder")
        verbose_name_plural = _("reminders")
        ordering = ["-minutes"]
        indexes = [models.Index(fields=["due_at"], condition=models.Q(sent_at=None), name="reminder_due")]
        constraints = [models.UniqueConstraint(fields=["task", "minutes"], name="reminder_once")]

    def __str__(self):
        return f"{self.task_id}: {self.minutes}"


class Participant(models.Model):
    """Who takes part: a colleague or a person outside, with the answer to the invitation."""

    class Answer(models.TextChoices):
        ASKED = "asked", _("no answer yet")
        ACCEPTED = "accepted", _("comes")
        TENTATIVE = "tentative", _("perhaps")
        DECLINED = "declined", _("does not come")

    task = models.ForeignKey(Task, models.CASCADE, related_name="participants")
    user = models.ForeignKey("crm.User", models.CASCADE, null=True, blank=True, related_name="+")
    contact = models.ForeignKey(Contact, models.CASCADE, null=True, blank=True, related_name="+")
    name = models.CharField(_("name"), max_length=200, blank=True)
    email = models.CharField(_("email"), max_length=254)
    answer = models.CharField(_("answer"), max_length=9, choices=Answer, default=Answer.ASKED)
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)
    told = models.IntegerField(default=-1)  # the revision that the last invitation spoke of

    class Meta:
        verbose_name = _("participant")
        verbose_name_plural = _("participants")
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["task", "email"], name="participant_once")]
        indexes = [models.Index(fields=["user", "task"], name="participant_of_user")]

    def __str__(self):
        return self.name or self.email
