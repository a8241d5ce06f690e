"""Playbooks: a named set of steps with offsets, and its runs on a person, a company or a deal."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.models.activity import ActivityType, Kind
from contacts.models.company import Company
from contacts.models.contact import Contact
from crm import audit
from crm.access import Owned


@audit.tracked()
class Playbook(models.Model):
    """The template. Changing it never touches what is running."""

    name = models.CharField(_("name"), max_length=120)
    text = models.TextField(_("what it is for"), blank=True)
    is_active = models.BooleanField(_("offered"), default=True)

    class Meta:
        verbose_name = _("playbook")
        verbose_name_plural = _("playbooks")
        ordering = ["name", "pk"]

    def __str__(self):
        return self.name


class StepFields(models.Model):
    """What a step of a template and of a run have in common.

    Due so many days (or business days) after the start, or after the step at `after` is done.
    """

    position = models.PositiveSmallIntegerField(_("number"))
    title = models.CharField(_("what"), max_length=200)
    note = models.TextField(_("note"), blank=True)
    kind = models.CharField(_("kind"), max_length=7, choices=Kind, default=Kind.TASK)
    type = models.ForeignKey(
        ActivityType, models.SET_NULL, verbose_name=_("type"), null=True, blank=True, related_name="+"
    )
    days = models.PositiveSmallIntegerField(_("days"), default=0)
    in_business_days = models.BooleanField(_("business days"), default=True)
    after = models.PositiveSmallIntegerField(_("after step"), null=True, blank=True)

    class Meta:
        abstract = True
        ordering = ["position"]

    def __str__(self):
        return self.title


class PlaybookStep(StepFields):
    class Doer(models.TextChoices):
        OWNER = "owner", _("owner of the record")
        STARTER = "starter", _("who starts it")
        PERSON = "person", _("a certain person")

    playbook = models.ForeignKey(Playbook, models.CASCADE, related_name="steps")
    doer = models.CharField(_("who does it"), max_length=7, choices=Doer, default=Doer.OWNER)
    person = models.ForeignKey(
        "crm.User", models.SET_NULL, verbose_name=_("person"), null=True, blank=True, related_name="+"
    )

    class Meta(StepFields.Meta):
        verbose_name = _("step")
        verbose_name_plural = _("steps")
        constraints = [models.UniqueConstraint(fields=["playbook", "position"], name="playbook_step_once")]


class PlaybookRun(Owned):
    """A playbook at work on one record. Its steps are copies."""

    access_kind = "task"

    playbook = models.ForeignKey(Playbook, models.SET_NULL, null=True, related_name="runs")
    name = models.CharField(_("name"), max_length=120)
    contact = models.ForeignKey(Contact, models.CASCADE, null=True, blank=True, related_name="playbook_runs")
    company = models.ForeignKey(Company, models.CASCADE, null=True, blank=True, related_name="playbook_runs")
    target_type = models.CharField(max_length=60, blank=True, default="")
    target_id = models.BigIntegerField(null=True, blank=True)
    by = models.ForeignKey("crm.User", models.SET_NULL, null=True, blank=True, related_name="+")
    started_at = models.DateTimeField(_("started"), default=timezone.now)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    stopped_at = models.DateTimeField(_("stopped"), null=True, blank=True)

    class Meta:
        verbose_name = _("playbook at work")
        verbose_name_plural = _("playbooks at work")
        indexes = [
            models.Index(fields=["contact", "-started_at"], name="playbook_run_contact"),
            models.Index(fields=["company", "-started_at"], name="playbook_run_company"),
            models.Index(fields=["target_type", "target_id"], name="playbook_run_target"),
        ]

    def __str__(self):
        return self.name

    @property
    def is_running(self):
        return self.finished_at is None and self.stopped_at is None


class PlaybookRunStep(StepFields):
    run = models.ForeignKey(PlaybookRun, models.CASCADE, related_name="steps")
    owner = models.ForeignKey("crm.User", models.SET_NULL, null=True, blank=True, related_name="+")
    task = models.OneToOneField("contacts.Task", models.SET_NULL, null=True, blank=True, related_name="playbook_step")
    done_at = models.DateTimeField(_("done"), null=True, blank=True)

    class Meta(StepFields.Meta):
        verbose_name = _("step at work")
        verbose_name_plural = _("steps at work")
        constraints = [models.UniqueConstraint(fields=["run", "position"], name="playbook_run_step_once")]
