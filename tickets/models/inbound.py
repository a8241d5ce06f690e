"""The ledger of letters that came in."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm import audit
from crm.models import StoredFile
from tickets.models.mailbox import Mailbox
from tickets.models.ticket import Ticket, TicketMessage


class InboundMailQuerySet(models.QuerySet):
    def waiting(self):
        """Letters a person has to look at."""
        return self.filter(outcome__in=InboundMail.WAITING)


class InboundMail(models.Model):
    """A letter seen: what became of it and why. `raw` is the letter as it came, packed, until it is swept away.

    `digest` tells two letters apart that claim the same id.
    """

    class Outcome(models.TextChoices):
        TAKING = "taking", _("being taken in")
        CREATED = "created", _("new ticket")
        ADDED = "added", _("added to a ticket")
        IGNORED = "ignored", _("ignored")
        REPORT = "report", _("report about a letter of ours")
        HELD = "held", _("held for a look")
        FAILED = "failed", _("could not be read")

    WAITING = (Outcome.HELD, Outcome.FAILED)
    SETTLED = (Outcome.CREATED, Outcome.ADDED, Outcome.REPORT)

    mailbox = models.ForeignKey(
        Mailbox, models.CASCADE, verbose_name=_("mailbox"), null=True, blank=True, related_name="letters"
    )
    message_id = models.CharField(max_length=255)
    digest = models.CharField(max_length=64, default="", blank=True, db_default="")
    sender = models.CharField(_("from"), max_length=320, blank=True)
    subject = models.CharField(_("subject"), max_length=300, blank=True)
    outcome = models.CharField(_("what became of it"), max_length=7, choices=Outcome, default=Outcome.TAKING)
    reason = models.CharField(_("why"), max_length=300, blank=True)
    ticket = models.ForeignKey(
        Ticket, models.SET_NULL, verbose_name=_("ticket"), null=True, blank=True, related_name="+"
    )
    entry = models.ForeignKey(TicketMessage, models.SET_NULL, null=True, blank=True, related_name="letters")
    raw = models.ForeignKey(StoredFile, models.SET_NULL, null=True, blank=True, related_name="+")
    made_contact = models.BooleanField(default=False, db_default=False)
    attempts = models.PositiveSmallIntegerField(_("tries"), default=0, db_default=0)
    received_at = models.DateTimeField(_("received"), default=timezone.now)

    objects = InboundMailQuerySet.as_manager()

    class Meta:
        verbose_name = _("received letter")
        verbose_name_plural = _("received letters")
        constraints = [
            models.UniqueConstraint("message_id", "digest", "mailbox", name="inbound_once", nulls_distinct=False)
        ]
        indexes = [
            models.Index(
                fields=["-id"], condition=models.Q(outcome__in=["taking", "held", "failed"]), name="inbound_waiting"
            ),
            models.Index(fields=["mailbox", "received_at"], condition=models.Q(made_contact=True), name="inbound_new"),
            models.Index(fields=["received_at"], condition=models.Q(raw__isnull=False), name="inbound_with_raw"),
        ]

    def __str__(self):
        return self.subject or self.message_id

    @property
    def is_waiting(self):
        return self.outcome in self.WAITING


@audit.tracked()
class DeskSettings(models.Model):
    """How the desk takes letters and asks for ratings. One row; defaults while nobody has changed anything."""

    raw_days = models.PositiveSmallIntegerField(
        _("keep original letters, days"),
        default=180,
        help_text=_("0 keeps them for ever. Letters that wait for a look are always kept."),
    )
    new_contacts = models.PositiveSmallIntegerField(
        _("new contacts from letters, an hour"),
        default=60,
        help_text=_("For each mailbox. Further letters from strangers wait for a look. 0 sets no limit."),
    )
    ask_on_close = models.BooleanField(
        _("ask for a rating when a ticket is closed without having been solved"),
        default=True,
        help_text=_("Only when a person closes it. A solved ticket always asks."),
    )
    quiet_days = models.PositiveSmallIntegerField(
        _("ask the same client again after, days"),
        default=1,
        help_text=_("0 asks after every solution."),
    )

    class Meta:
        verbose_name = _("desk settings")
        verbose_name_plural = _("desk settings")
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="desk_settings_is_one")]

    def __str__(self):
        return str(_("Desk"))

    def save(self, *args, **kwargs):
        self.pk = 1
        super().save(*args, **kwargs)

    @classmethod
    def get(cls):
        """The row, or the defaults."""
        return cls.objects.filter(pk=1).first() or cls(pk=1)
