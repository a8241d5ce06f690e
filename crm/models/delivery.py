"""Outgoing letters: one row each, from the wish to send until it is known what became of it."""

import uuid

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm import access


class DeliveryQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Administrators see every letter but those that users send by mailboxes of their own, marketers those of
        campaigns, others none."""
        if access.may(user, "settings"):
            return self.filter(account="")
        if access.may(user, "sequence"):
            return self.filter(kind=Delivery.Kind.CAMPAIGN)
        return self.none()

    def editable_by(self, user):
        if access.may(user, "settings", "edit"):
            return self.filter(account="")
        if access.may(user, "sequence", "edit"):
            return self.filter(kind=Delivery.Kind.CAMPAIGN)
        return self.none()

    def with_rights(self, user):
        """Annotate `can_edit` in the same query."""
        mine = Delivery.objects.editable_by(user).filter(pk=models.OuterRef("pk"))
        return self.annotate(can_edit=models.Exists(mine))


class Delivery(models.Model):
    """A letter to one address. `crm.mail.worker` moves it from state to state.

    `fence` grows with each claim; a holder whose fence is old changes nothing. `message_id` is fixed when the row is
    made, so every attempt carries the same one. What is in the letter stands either in `subject`, `text` and `html`,
    or is made at the moment of sending by the renderer of its `purpose` out of `refs`.
    """

    class Kind(models.TextChoices):
        CAMPAIGN = "campaign", _("campaign")
        SERVICE = "service", _("service")

    class State(models.TextChoices):
        QUEUED = "queued", _("waiting")
        CLAIMED = "claimed", _("being prepared")
        SUBMITTING = "submitting", _("being handed over")
        SENT = "sent", _("sent")
        DEFERRED = "deferred", _("put off by the server")
        FAILED = "failed", _("refused")
        BOUNCED = "bounced", _("came back")
        UNKNOWN = "unknown", _("unknown")
        SUPPRESSED = "suppressed", _("held back")
        CANCELLED = "cancelled", _("cancelled")

    WAITING = (State.QUEUED, State.DEFERRED)
    FINAL = (State.SENT, State.FAILED, State.SUPPRESSED, State.CANCELLED)

    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    key = models.CharField(_("key"), max_length=200, unique=True)
    purpose = models.CharField(_("purpose"), max_length=60, blank=True, default="")
    # Whose server takes it: "" is the company's, else as `crm.mail.hooks.account` knows it.
    account = models.CharField(max_length=60, blank=True, default="", db_default="")
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.QUEUED)
    reason = models.CharField(_("reason"), max_length=60, blank=True, default="")
    reply = models.CharField(_("answer of the server"), max_length=500, blank=True, default="")
    to = models.CharField(_("to"), max_length=320)
    to_name = models.CharField(_("name"), max_length=200, blank=True, default="")
    sender = models.CharField(_("from"), max_length=400, blank=True, default="")
    reply_to = models.CharField(_("answers to"), max_length=400, blank=True, default="")
    subject = models.CharField(_("subject"), max_length=500, blank=True, default="")
    text = models.TextField(_("text"), blank=True, default="")
    html = models.TextField(_("HTML"), blank=True, default="")
    headers = models.JSONField(_("further headers"), default=dict, blank=True)
    attachments = models.JSONField(_("files"), default=list, blank=True)
    refs = models.JSONField(_("references"), default=dict, blank=True)
    contact_id = models.BigIntegerField(_("contact"), null=True, blank=True)
    target_type = models.CharField(max_length=60, blank=True, default="")
    target_id = models.BigIntegerField(null=True, blank=True)
    by = models.ForeignKey("crm.User", models.SET_NULL, verbose_name=_("by"), null=True, blank=True, related_name="+")
    message_id = models.CharField(max_length=200, unique=True)
    due_at = models.DateTimeField(_("due"), default=timezone.now)
    lease_until = models.DateTimeField(_("lease until"), null=True, blank=True)
    fence = models.IntegerField(_("fence"), default=0)
    attempts = models.IntegerField(_("attempts"), default=0)
    created_at = models.DateTimeField(_("made"), default=timezone.now)
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)
    # The apps have been told of the outcome; written in the transaction of what they made of it.
    reported_at = models.DateTimeField(null=True, blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = _("outgoing letter")
        verbose_name_plural = _("outgoing letters")
        constraints = [
            models.CheckConstraint(condition=~models.Q(to=""), name="delivery_has_address"),
        ]
        indexes = [
            models.Index(
                fields=["due_at", "id"], condition=models.Q(state__in=["queued", "deferred"]), name="delivery_due"
            ),
            models.Index(
                fields=["account", "due_at"],
                condition=models.Q(state__in=["queued", "deferred"]) & ~models.Q(account=""),
                name="delivery_accounts",
            ),
            models.Index(
                fields=["lease_until"], condition=models.Q(state__in=["claimed", "submitting"]), name="delivery_leases"
            ),
            models.Index(
                fields=["id"],
                condition=models.Q(
                    state__in=["sent", "failed", "suppressed", "cancelled", "unknown"], reported_at=None
                ),
                name="delivery_unreported",
            ),
            models.Index(fields=["-id"], condition=models.Q(state="unknown"), name="delivery_unknown"),
            models.Index(fields=["to"], condition=models.Q(state="bounced"), name="delivery_bounced"),
            models.Index(fields=["state", "-id"], name="delivery_by_state"),
            models.Index(fields=["contact_id", "-id"], name="delivery_of_contact"),
            models.Index(fields=["target_type", "target_id", "-id"], name="delivery_of_target"),
        ]

    def __str__(self):
        return f"{self.to}: {self.subject}" if self.subject else self.to

    @property
    def copies(self):
        """(name, address) of those who get a copy."""
        return [tuple(pair) for pair in self.refs.get("cc", [])]

    @property
    def is_unknown(self):
        return self.state == self.State.UNKNOWN

    @property
    def may_retry(self):
        """Whether a person may put it into the queue again: it is certain or possible that nobody got it."""
        return self.state in {self.State.FAILED, self.State.UNKNOWN, self.State.DEFERRED, self.State.BOUNCED}

    @staticmethod
    def new_message_id(domain):
        """A Message-ID nobody can guess."""
        return f"<{uuid.uuid4().hex}@{domain}>"
