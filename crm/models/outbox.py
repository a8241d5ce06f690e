"""Work that is due: one row each, written in the transaction that makes it necessary."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class OutboxMessage(models.Model):
    """Claimed with a lease; `fence` grows with each claim, and a holder whose fence is old changes nothing."""

    class State(models.TextChoices):
        READY = "ready", _("waiting")
        CLAIMED = "claimed", _("being done")
        DONE = "done", _("done")
        PARKED = "parked", _("given up")

    kind = models.CharField(_("kind"), max_length=80)
    key = models.CharField(_("key"), max_length=200)
    queue = models.CharField(_("queue"), max_length=20, default="default")
    payload = models.JSONField(_("payload"), default=dict)
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.READY)
    due_at = models.DateTimeField(_("due"), default=timezone.now)
    lease_until = models.DateTimeField(_("lease until"), null=True, blank=True)
    fence = models.IntegerField(_("fence"), default=0)
    attempts = models.IntegerField(_("attempts"), default=0)
    last_error = models.TextField(_("last error"), blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    done_at = models.DateTimeField(_("done"), null=True, blank=True)

    class Meta:
        verbose_name = _("outbox message")
        verbose_name_plural = _("outbox messages")
        constraints = [models.UniqueConstraint(fields=["kind", "key"], name="outbox_once")]
        indexes = [
            models.Index(fields=["queue", "due_at", "id"], condition=models.Q(state="ready"), name="outbox_due"),
            models.Index(fields=["lease_until"], condition=models.Q(state="claimed"), name="outbox_leases"),
            models.Index(fields=["done_at"], condition=models.Q(state="done"), name="outbox_done"),
        ]

    def __str__(self):
        return f"{self.kind} {self.key}"
