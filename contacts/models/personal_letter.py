"""Letters between a user and people or companies known here. Whose they are, and what of them others see."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.models.company import Company
from contacts.models.contact import Contact
from contacts.models.personal_mailbox import PersonalMailbox

Shown = PersonalMailbox.Shown


class PersonalLetterQuerySet(models.QuerySet):
    def visible_to(self, user):
        """The letters themselves: one's own, and those that their owners share, with people or companies one sees.

        Administrators are no exception: their rights on records do not open anybody's mail.
        """
        shared = Q(is_shared=True) | Q(is_shared=None, mailbox__shown=Shown.ALL)
        return self.filter(Q(owner=user.pk) | (shared & _gone() & _about_seen(user)))

    def listed_to(self, user):
        """Letters of which the user may know that they were exchanged."""
        shared = Q(is_shared=True) | ~Q(mailbox__shown=Shown.NOTHING)
        return self.filter(Q(owner=user.pk) | (shared & _gone() & _about_seen(user)))

    def editable_by(self, user):
        return self.filter(owner=user.pk)

    deletable_by = exportable_by = editable_by

    def with_rights(self, user):
        return self.annotate(can_edit=models.Case(models.When(owner=user.pk, then=True), default=False))

    def sent(self):
        """Those that exist for the timeline: received, or handed over; not those that wait to go."""
        return self.filter(_gone())


def _gone():
    """What waits, failed or was taken back is its writer's own matter."""
    return ~Q(state__in=PersonalLetter.UNSENT)


def _about_seen(user):
    seen = Q(contact__in=Contact.objects.visible_to(user)) | Q(company__in=Company.objects.visible_to(user))
    return Exists(LetterParty.objects.filter(seen, letter=OuterRef("pk")))


class PersonalLetter(models.Model):
    """A letter, received or sent. `html` has been sanitised; each Message-ID stands once in a mailbox.

    `thread` is the Message-ID with which the conversation began. `is_shared` is the owner's word on this letter; None
    leaves it to the rule of the mailbox. `state` of one that was written here follows its delivery.
    """

    # Superusers see what is shared, like everybody else; `crm.files` asks for this.
    access_private = True

    class State(models.TextChoices):
        RECEIVED = "received", _("received")
        WAITING = "waiting", _("waiting to be sent")
        SENT = "sent", _("sent")
        FAILED = "failed", _("not sent")
        BOUNCED = "bounced", _("came back")
        CANCELLED = "cancelled", _("taken back")

    UNSENT = (State.WAITING, State.FAILED, State.CANCELLED)

    mailbox = models.ForeignKey(PersonalMailbox, models.CASCADE, related_name="letters")
    owner = models.ForeignKey("crm.User", models.CASCADE, related_name="+")
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.RECEIVED)
    message_id = models.CharField(max_length=255)
    references = ArrayField(models.CharField(max_length=255), default=list, blank=True)
    thread = models.CharField(max_length=255, blank=True)
    subject = models.CharField(_("subject"), max_length=300, blank=True)
    text = models.TextField(blank=True)
    html = models.TextField(blank=True)
    images = models.JSONField(default=list, blank=True)
    sender = models.CharField(max_length=320, blank=True)
    sender_name = models.CharField(max_length=150, blank=True)
    # [[name, address], …] of everybody else it went to.
    recipients = models.JSONField(default=list, blank=True)
    is_automatic = models.BooleanField(default=False)
    is_shared = models.BooleanField(_("shared"), null=True, blank=True)
    # What a person typed here, without signature and quote, for changing it while it waits.
    typed = models.TextField(blank=True, db_default="")
    answers = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="+")
    told_at = models.DateTimeField(null=True)
    missing = models.CharField(max_length=300, blank=True)
    delivery_id = models.BigIntegerField(null=True)
    error = models.CharField(max_length=500, blank=True)
    # Of letters sent from here: when a copy lay in the folder of sent letters, ours or the server's own.
    filed_at = models.DateTimeField(null=True)
    is_tracked = models.BooleanField(default=False)
    links = models.JSONField(default=list, blank=True)
    opened_at = models.DateTimeField(null=True)
    clicked_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(_("date"), default=timezone.now)

    objects = PersonalLetterQuerySet.as_manager()

    class Meta:
        # What an entry says to those who may know of the letter but not read it.
        verbose_name = _("a letter")
        verbose_name_plural = _("personal letters")
        constraints = [models.UniqueConstraint(fields=["mailbox", "message_id"], name="letter_once")]
        indexes = [
            models.Index(fields=["mailbox", "thread"], name="letter_thread"),
            models.Index(fields=["delivery_id"], condition=Q(delivery_id__isnull=False), name="letter_delivery"),
            models.Index(fields=["mailbox", "state"], condition=Q(state__in=["waiting", "failed"]), name="letter_unsent"),
        ]  # fmt: skip

    def __str__(self):
        return self.subject or str(_("(no subject)"))

    def get_absolute_url(self):
        return reverse("contacts:letter", args=[self.pk])

    @property
    def is_out(self):
        return self.state != self.State.RECEIVED

    @property
    def is_open_to_others(self):
        """Whether colleagues who see the person or company may read it."""
        return self.mailbox.shown == Shown.ALL if self.is_shared is None else self.is_shared


class LetterParty(models.Model):
    """A person or company known here whose address stands in a letter."""

    letter = models.ForeignKey(PersonalLetter, models.CASCADE, related_name="parties")
    contact = models.ForeignKey(Contact, models.CASCADE, null=True, blank=True, related_name="+")
    company = models.ForeignKey(Company, models.CASCADE, null=True, blank=True, related_name="+")

    class Meta:
        verbose_name = _("correspondent")
        verbose_name_plural = _("correspondents")
        constraints = [
            models.UniqueConstraint(fields=["letter", "contact"], name="party_once"),
            models.UniqueConstraint(fields=["letter", "company"], name="party_company_once"),
            models.CheckConstraint(condition=Q(contact=None) ^ Q(company=None), name="party_is_one"),
        ]

    def __str__(self):
        return str(self.contact or self.company)
