"""Long work that a person started and watches."""

from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Job(models.Model):
    """State, progress and result of one piece of long work. Run by `crm.jobs`."""

    class State(models.TextChoices):
        QUEUED = "queued", _("waiting")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    kind = models.CharField(_("kind"), max_length=80)
    subject = models.CharField(_("subject"), max_length=200, blank=True)
    by = models.ForeignKey("crm.User", models.CASCADE, verbose_name=_("started by"), related_name="jobs")
    params = models.JSONField(default=dict)
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.QUEUED)
    total = models.BigIntegerField(_("total"), null=True, blank=True)
    done = models.BigIntegerField(_("done"), default=0)
    counters = models.JSONField(default=dict)
    checkpoint = models.JSONField(default=dict)
    result = models.JSONField(default=dict)
    error = models.TextField(_("error"), blank=True)
    cancel_requested = models.BooleanField(_("cancel requested"), default=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    class Meta:
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        indexes = [models.Index(fields=["by", "-created_at"], name="job_by_user")]

    def __str__(self):
        return self.subject or self.kind

    def get_absolute_url(self):
        return reverse("job_show", args=[self.pk])

    @property
    def is_over(self):
        return self.state in {self.State.DONE, self.State.FAILED, self.State.CANCELLED}

    @property
    def percent(self):
        """Whole percent done, 0 to 100; None while the total is unknown."""
        if self.state == self.State.DONE:
            return 100
        return min(100, self.done * 100 // self.total) if self.total else None

    @property
    def seconds_left(self):
        """Estimate from the pace so far, in seconds; None when there is nothing to go by."""
        if not (self.total and self.done and self.started_at) or self.is_over:
            return None
        elapsed = (timezone.now() - self.started_at).total_seconds()
        return round(elapsed / self.done * (self.total - self.done))
