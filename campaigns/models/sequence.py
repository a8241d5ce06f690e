"""Sequences: letters with waits between them."""

from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from campaigns.models.letter import Letter
from campaigns.models.segment import Segment
from contacts.models import Contact, Topic
from crm import audit
from crm.access import Owned


@audit.tracked()
class Sequence(Owned):
    """What the people of a segment get, one step after the other. Nobody goes through it twice."""

    access_kind = "sequence"

    class Status(models.TextChoices):
        DRAFT = "draft", _("draft")
        RUNNING = "running", _("running")
        PAUSED = "paused", _("paused")
        STOPPED = "stopped", _("stopped")

    name = models.CharField(_("name"), max_length=150)
    segment = models.ForeignKey(Segment, models.PROTECT, verbose_name=_("segment"), related_name="sequences")
    topic = models.ForeignKey(
        Topic,
        models.PROTECT,
        verbose_name=_("letters are about"),
        null=True,
        blank=True,
        related_name="+",
        help_text=_("Whoever has refused the topic gets nothing. Empty: news and offers of all kinds."),
    )
    status = models.CharField(_("status"), max_length=7, choices=Status, default=Status.DRAFT)
    exit_on_deal = models.BooleanField(_("ends when a deal is opened or won"), default=True)
    exit_on_reply = models.BooleanField(_("ends when the person answers"), default=True)
    started_at = models.DateTimeField(_("started"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("sequence")
        verbose_name_plural = _("sequences")
        ordering = ["name"]

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return reverse("campaigns:sequence_show", args=[self.pk])

    @property
    def topic_code(self):
        """What the ledger calls its topic; "" for news of all kinds."""
        return self.topic.code if self.topic_id else ""


class Step(models.Model):
    """A letter or a wait. `wait` is in minutes."""

    class Kind(models.TextChoices):
        LETTER = "letter", _("Letter")
        WAIT = "wait", _("Wait")

    sequence = models.ForeignKey(Sequence, models.CASCADE, related_name="steps")
    position = models.PositiveIntegerField(default=0)
    kind = models.CharField(max_length=6, choices=Kind)
    letter = models.ForeignKey(Letter, models.PROTECT, null=True, blank=True, related_name="steps")
    wait = models.PositiveIntegerField(_("minutes"), default=0)

    class Meta:
        verbose_name = _("step")
        verbose_name_plural = _("steps")
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["sequence", "position"], name="step_place", deferrable=models.Deferrable.DEFERRED
            )
        ]

    def __str__(self):
        return str(self.letter) if self.letter_id else f"{self.wait} min"


class Enrolment(models.Model):
    """A person on the way through a sequence: at `position`, due then. `reason` says why it ended."""

    class State(models.TextChoices):
        ACTIVE = "active", _("on the way")
        FINISHED = "finished", _("finished")
        LEFT = "left", _("left")

    sequence = models.ForeignKey(Sequence, models.CASCADE, related_name="enrolments")
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="enrolments")
    state = models.CharField(max_length=8, choices=State, default=State.ACTIVE)
    position = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField(default=timezone.now)
    entered_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=100, blank=True)

    class Meta:
        verbose_name = _("enrolment")
        verbose_name_plural = _("enrolments")
        constraints = [models.UniqueConstraint(fields=["sequence", "contact"], name="enrolled_once")]
        indexes = [
            models.Index(fields=["due_at", "id"], condition=models.Q(state="active"), name="enrolment_due"),
            models.Index(fields=["contact"], name="enrolment_of_contact"),
        ]

    def __str__(self):
        return f"{self.sequence_id}: {self.contact_id}"


class StepRun(models.Model):
    """What one step did for one person: sent, or held back and why."""

    class Outcome(models.TextChoices):
        QUEUED = "queued", _("on its way")
        SENT = "sent", _("sent")
        SKIPPED = "skipped", _("held back")
        FAILED = "failed", _("refused")
        UNKNOWN = "unknown", _("unknown")

    enrolment = models.ForeignKey(Enrolment, models.CASCADE, related_name="runs")
    step = models.ForeignKey(Step, models.CASCADE, related_name="runs")
    outcome = models.CharField(max_length=7, choices=Outcome, default=Outcome.QUEUED)
    reason = models.CharField(max_length=100, blank=True)
    delivery_id = models.BigIntegerField(null=True, blank=True, db_index=True)
    opened_at = models.DateTimeField(null=True, blank=True)
    clicked_at = models.DateTimeField(null=True, blank=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("step of a person")
        verbose_name_plural = _("steps of people")
        constraints = [models.UniqueConstraint(fields=["enrolment", "step"], name="step_once")]
        indexes = [models.Index(fields=["step", "outcome"], name="steprun_outcomes")]

    def __str__(self):
        return f"{self.step_id}: {self.outcome}"
