"""Requests of clients."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from contacts.models import Company, Contact
from crm import audit
from crm.access import Owned, OwnedQuerySet
from crm.text import sort_key
from tickets.models.mailbox import Mailbox
from tickets.models.sla import Priority


class TicketQuerySet(OwnedQuerySet):
    def for_card(self):
        """With what a row or the desk shows."""
        return self.select_related("requester", "company", "owner", "mailbox")

    def open(self):
        return self.filter(status__in=Ticket.OPEN)


@audit.tracked(
    exclude=[
        *("subject_key", "updated_at", "paused_at", "business_response", "business_resolution", "reopened", "waited"),
        *("waited_for_response", "pauses", "next_step", "next_step_at"),
    ]
)
class Ticket(Owned):
    """One request from its receipt to its solution.

    `*_due_at` are promises; `first_response_at` and `resolved_at` are what happened. A ticket that waits for the
    client stands still: on return both promises move by the working time it waited. `business_*` are working seconds.
    """

    access_kind = "ticket"
    access_shared = True

    class Status(models.TextChoices):
        NEW = "new", pgettext_lazy("ticket", "New")
        OPEN = "open", pgettext_lazy("ticket", "Open")
        PENDING = "pending", _("Waiting for the client")
        RESOLVED = "resolved", pgettext_lazy("ticket", "Solved")
        CLOSED = "closed", pgettext_lazy("ticket", "Closed")

    OPEN = ("new", "open", "pending")

    number = models.BigIntegerField(_("number"), unique=True, editable=False)
    subject = models.CharField(_("subject"), max_length=300)
    subject_key = models.CharField(max_length=200, editable=False, default="", db_collation="C")
    requester = models.ForeignKey(
        Contact, models.SET_NULL, verbose_name=_("client"), null=True, blank=True, related_name="tickets"
    )
    company = models.ForeignKey(
        Company, models.SET_NULL, verbose_name=_("company"), null=True, blank=True, related_name="tickets"
    )
    mailbox = models.ForeignKey(
        Mailbox, models.SET_NULL, verbose_name=_("mailbox"), null=True, blank=True, related_name="+"
    )
    status = models.CharField(_("status"), max_length=8, choices=Status, default=Status.NEW)
    priority = models.CharField(_("priority"), max_length=6, choices=Priority, default=Priority.NORMAL)
    channel = models.CharField(_("channel"), max_length=10, default="email")
    category = models.CharField(_("category"), max_length=60, blank=True)
    tags = ArrayField(models.CharField(max_length=60), verbose_name=_("tags"), default=list, blank=True)
    custom = models.JSONField(_("further fields"), default=dict, blank=True, db_default={}, editable=False)
    # The ticket this letter seemed to belong to but could not join: closed, or not the writer's own.
    follows = models.ForeignKey(
        "self", models.SET_NULL, verbose_name=_("continues"), null=True, blank=True, related_name="followed_by"
    )
    first_response_due_at = models.DateTimeField(_("first response due"), null=True, blank=True)
    first_response_at = models.DateTimeField(_("first response"), null=True, blank=True)
    resolution_due_at = models.DateTimeField(_("solution due"), null=True, blank=True)
    resolved_at = models.DateTimeField(_("solved"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    paused_at = models.DateTimeField(null=True, blank=True, editable=False)
    business_response = models.IntegerField(null=True, blank=True, editable=False)
    business_resolution = models.IntegerField(null=True, blank=True, editable=False)
    # When it stood still: [[since, until], …]. Facts, so that other working hours count them anew.
    pauses = models.JSONField(default=list, db_default=[], editable=False)
    # Working seconds of the pauses, in all and before the first response.
    waited = models.IntegerField(default=0, db_default=0, editable=False)
    waited_for_response = models.IntegerField(default=0, db_default=0, editable=False)
    reopened = models.PositiveSmallIntegerField(_("reopened"), default=0, editable=False)
    next_step = models.CharField(_("next step"), max_length=200, blank=True, editable=False, db_default="")
    next_step_at = models.DateTimeField(_("next step due"), null=True, blank=True, editable=False)
    last_message_at = models.DateTimeField(_("last message"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("received"), default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)

    objects = TicketQuerySet.as_manager()

    class Meta:
        verbose_name = _("ticket")
        verbose_name_plural = _("tickets")
        indexes = [
            models.Index(
                fields=["resolution_due_at", "id"],
                condition=models.Q(status__in=("new", "open", "pending")),
                name="ticket_open_due",
            ),
            # Who has an open ticket, and who has none.
            models.Index(
                fields=["requester", "created_at"],
                condition=models.Q(status__in=("new", "open", "pending")),
                name="ticket_open_requester",
            ),
            models.Index(
                fields=["company", "created_at"],
                condition=models.Q(status__in=("new", "open", "pending")),
                name="ticket_open_company",
            ),
            models.Index(models.F("created_at").desc(), models.F("id").desc(), name="ticket_newest"),
            models.Index("requester", models.F("created_at").desc(), name="ticket_of_requester"),
            models.Index("company", models.F("created_at").desc(), name="ticket_of_company"),
            models.Index(fields=["owner", "status"], name="ticket_of_owner"),
            models.Index(fields=["resolved_at"], name="ticket_resolved"),
            GinIndex(name="ticket_tags", fields=["tags"]),
            GinIndex(name="ticket_subject_trgm", fields=["subject_key"], opclasses=["gin_trgm_ops"]),
        ]

    def __str__(self):
        return f"{self.label} {self.subject}"

    def save(self, *args, **kwargs):
        self.subject_key = sort_key(self.subject)
        super().save(*args, **kwargs)

    def get_absolute_url(self):
        return reverse("tickets:show", args=[self.pk])

    @property
    def label(self):
        """The number as people say it: T-4489."""
        return f"T-{self.number}"

    @property
    def is_open(self):
        return self.status in self.OPEN

    @property
    def due_at(self):
        """The next promise: the first response while there is none, then the solution."""
        return (
            self.resolution_due_at if self.first_response_at else self.first_response_due_at or self.resolution_due_at
        )


class TicketMessage(models.Model):
    """One letter, reply or note. `html` has been sanitised; `message_id` is unique within the mailbox."""

    access_through = "ticket"

    class Direction(models.TextChoices):
        IN = "in", _("from the client")
        OUT = "out", _("to the client")
        NOTE = "note", _("internal note")

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="messages")
    direction = models.CharField(max_length=4, choices=Direction)
    author = models.ForeignKey("crm.User", models.SET_NULL, null=True, blank=True, related_name="+")
    sender = models.CharField(max_length=320, blank=True)
    text = models.TextField(blank=True)
    html = models.TextField(blank=True)
    message_id = models.CharField(max_length=255, blank=True, db_index=True)
    # Pictures the letter would fetch from elsewhere, in order: [{"url": …, "file": uuid of our copy or ""}].
    images = models.JSONField(default=list, blank=True, db_default=[])
    is_automatic = models.BooleanField(default=False)
    delivery_id = models.BigIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["created_at", "pk"]
        indexes = [models.Index(fields=["ticket", "created_at"], name="message_of_ticket")]

    def __str__(self):
        return f"{self.get_direction_display()} {self.created_at:%Y-%m-%d}"


class Macro(models.Model):
    """A prepared answer. {name}, {number} and {agent} are filled in."""

    name = models.CharField(_("name"), max_length=100)
    language = models.CharField(
        _("language"), max_length=2, choices=[("en", "English"), ("ru", "Русский")], default="en"
    )
    text = models.TextField(_("text"), help_text=_("{name}, {number} and {agent} are filled in."))

    class Meta:
        verbose_name = _("prepared answer")
        verbose_name_plural = _("prepared answers")
        ordering = ["language", "name"]

    def __str__(self):
        return self.name


class Rating(models.Model):
    """What the client thought of one solution: asked once for each, changeable."""

    access_through = "ticket"

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="ratings")
    round = models.PositiveSmallIntegerField(default=0)
    score = models.PositiveSmallIntegerField(pgettext_lazy("rating", "score"))
    comment = models.TextField(_("comment"), blank=True)
    agent = models.ForeignKey("crm.User", models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(_("when"), default=timezone.now)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("rating")
        verbose_name_plural = _("ratings")
        constraints = [
            models.UniqueConstraint(fields=["ticket", "round"], name="rating_once"),
            models.CheckConstraint(condition=models.Q(score__range=(1, 5)), name="rating_range"),
        ]

    def __str__(self):
        return f"{self.score}/5"
