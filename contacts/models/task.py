"""What is to be done next."""

from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.models.company import Company
from contacts.models.contact import Contact
from crm import audit
from crm.access import Owned, OwnedQuerySet


class TaskQuerySet(OwnedQuerySet):
    def for_card(self):
        """With what a row or the page shows."""
        return self.select_related("contact", "company", "owner")


@audit.tracked()
class Task(Owned):
    """A step somebody (`owner`) is to take. `target_*` names a record of a higher app, such as a deal.

    `key` makes tasks that the program gives unique: the same reason never makes two.
    """

    access_kind = "task"

    class Kind(models.TextChoices):
        TASK = "task", _("Task")
        CALL = "call", _("Call")
        MEETING = "meeting", _("Meeting")
        MAIL = "mail", _("Email")

    kind = models.CharField(_("kind"), max_length=7, choices=Kind, default=Kind.TASK)
    title = models.CharField(_("what"), max_length=200)
    note = models.TextField(_("note"), blank=True)
    reasons = models.JSONField(_("reasons"), default=list, blank=True)
    contact = models.ForeignKey(Contact, models.CASCADE, null=True, blank=True, related_name="tasks")
    company = models.ForeignKey(Company, models.CASCADE, null=True, blank=True, related_name="tasks")
    target_type = models.CharField(max_length=60, blank=True, default="")
    target_id = models.BigIntegerField(null=True, blank=True)
    due_at = models.DateTimeField(_("due"), null=True, blank=True)
    is_hot = models.BooleanField(_("hot"), default=False)
    done_at = models.DateTimeField(_("done"), null=True, blank=True)
    outcome = models.CharField(_("outcome"), max_length=200, blank=True)
    key = models.CharField(max_length=200, null=True, blank=True, unique=True)
    by = models.ForeignKey(
        "crm.User", models.SET_NULL, verbose_name=_("given by"), null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now)

    objects = TaskQuerySet.as_manager()

    class Meta:
        verbose_name = _("task")
        verbose_name_plural = _("tasks")
        indexes = [
            models.Index(fields=["owner", "due_at"], condition=models.Q(done_at=None), name="task_open"),
            models.Index(fields=["contact", "due_at"], condition=models.Q(done_at=None), name="task_next_of_contact"),
            models.Index(fields=["target_type", "target_id"], condition=models.Q(done_at=None), name="task_of_target"),
        ]

    def __str__(self):
        return self.title

    def get_absolute_url(self):
        return reverse("contacts:task_show", args=[self.pk])

    @property
    def is_open(self):
        return self.done_at is None
