"""A user's own mailbox: its servers and account, what of it colleagues see, its folders, and every letter seen there."""

from urllib.parse import urlencode

from cryptography.fernet import InvalidToken
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm import audit, keys
from crm.mail.servers import Server
from crm.text import norm_email

PURPOSE = "contacts.mailbox"


@audit.tracked(
    exclude=["secret", "access_secret", "access_until", "checked_at", "lease_until", "next_at", "last_error", "failures", "tested"]
)  # fmt: skip
class PersonalMailbox(models.Model):
    """One a user. Secrets are kept locked and never shown again.

    `secret` is the password, or with OAuth2 the refresh token; `access_secret` the access token it last gave.
    """

    class State(models.TextChoices):
        ACTIVE = "active", pgettext_lazy("mailbox", "Connected")
        PAUSED = "paused", pgettext_lazy("mailbox", "Paused")
        REFUSED = "refused", pgettext_lazy("mailbox", "Sign-in refused")
        OFF = "off", pgettext_lazy("mailbox", "Disconnected")

    class Security(models.TextChoices):
        TLS = "tls", _("TLS")
        STARTTLS = "starttls", _("STARTTLS")
        NONE = "none", _("none, only inside the house")

    class Shown(models.TextChoices):
        NOTHING = "nothing", _("nothing")
        TRACE = "trace", _("only that a letter was exchanged")
        ALL = "all", _("the letters")

    class Provider(models.TextChoices):
        PASSWORD = "", _("password")
        GOOGLE = "google", "Google"
        MICROSOFT = "microsoft", "Microsoft"

    DAYS = [(7, _("7 days")), (30, _("30 days")), (90, _("90 days")), (365, _("a year"))]

    user = models.OneToOneField("crm.User", models.CASCADE, related_name="mailbox")
    address = models.EmailField(_("address"))
    state = models.CharField(_("state"), max_length=7, choices=State, default=State.ACTIVE)
    imap_host = models.CharField(_("IMAP server"), max_length=200)
    imap_port = models.PositiveIntegerField(_("port"), default=993)
    imap_security = models.CharField(_("security"), max_length=8, choices=Security, default=Security.TLS)
    smtp_host = models.CharField(_("SMTP server"), max_length=200)
    smtp_port = models.PositiveIntegerField(_("port"), default=465)
    smtp_security = models.CharField(_("security"), max_length=8, choices=Security, default=Security.TLS)
    user_name = models.CharField(_("user name"), max_length=200, blank=True)
    provider = models.CharField(_("signs in by"), max_length=10, choices=Provider, blank=True, default="")
    secret = models.TextField(blank=True, editable=False)
    access_secret = models.TextField(blank=True, editable=False)
    access_until = models.DateTimeField(null=True, blank=True, editable=False)
    shown = models.CharField(_("colleagues see"), max_length=7, choices=Shown, default=Shown.TRACE)
    excluded = ArrayField(models.CharField(max_length=254), verbose_name=_("never store"), default=list, blank=True)
    first_days = models.PositiveSmallIntegerField(_("take letters of the last"), choices=DAYS, default=30)
    tracks = models.BooleanField(_("note when letters are opened and links followed"), default=False)
    # When it was proved that letters to the address come here; see `is_proved`.
    proved_at = models.DateTimeField(_("proved"), null=True, blank=True, editable=False)
    since = models.DateTimeField(default=timezone.now, editable=False)
    checked_at = models.DateTimeField(null=True, blank=True, editable=False)
    next_at = models.DateTimeField(default=timezone.now, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    failures = models.PositiveSmallIntegerField(default=0, editable=False)
    last_error = models.CharField(max_length=300, blank=True, editable=False)
    # The last test of the connection: {"asked_at", "tell_at", "imap", "smtp"}.
    tested = models.JSONField(default=dict, blank=True, editable=False)

    class Meta:
        verbose_name = _("personal mailbox")
        verbose_name_plural = _("personal mailboxes")
        indexes = [models.Index(fields=["next_at"], condition=models.Q(state="active"), name="mailbox_due")]

    def __str__(self):
        return self.address

    @property
    def is_on(self):
        """Whether letters may be sent by it."""
        return self.state in {self.State.ACTIVE, self.State.PAUSED}

    @property
    def is_proved(self):
        """Whether letters to and from the address count as the owner's: it is that of the account here, or was proved."""
        return self.proved_at is not None or norm_email(self.address) == norm_email(self.user.email)

    @property
    def password(self):
        """The password or refresh token; "" when none is kept or it was kept under a SECRET_KEY that is gone."""
        return _opened(self.secret)

    @password.setter
    def password(self, value):
        self.secret = _locked(value)

    @property
    def access_token(self):
        return _opened(self.access_secret)

    @access_token.setter
    def access_token(self, value):
        self.access_secret = _locked(value)

    @property
    def sender(self):
        """(name, address) as letters carry them."""
        return self.user.name, self.address

    def server(self, kind, *, token=""):
        """The "imap" or "smtp" Server with the account; `token` for those who sign in by OAuth2."""
        return Server(
            getattr(self, f"{kind}_host"),
            getattr(self, f"{kind}_port"),
            getattr(self, f"{kind}_security"),
            self.user_name or self.address,
            "" if self.provider else self.password,
            token,
        )


class MailFolder(models.Model):
    """A folder of a mailbox. Every letter above `base_uid` is in the ledger; the night compares them number by number."""

    class Role(models.TextChoices):
        INBOX = "inbox", _("received")
        SENT = "sent", _("sent")
        OTHER = "other", pgettext_lazy("folder", "other")

    mailbox = models.ForeignKey(PersonalMailbox, models.CASCADE, related_name="folders")
    path = models.CharField(max_length=500)
    name = models.CharField(_("folder"), max_length=500)
    role = models.CharField(max_length=5, choices=Role, default=Role.OTHER)
    is_chosen = models.BooleanField(_("read"), default=False)
    uid_validity = models.BigIntegerField(default=0)
    base_uid = models.BigIntegerField(null=True)
    last_uid = models.BigIntegerField(default=0)
    # Letters of the first look that are still to come, for the progress bar.
    first_total = models.IntegerField(default=0)
    first_done = models.IntegerField(default=0)
    compared_at = models.DateTimeField(null=True)
    on_server = models.IntegerField(null=True)
    in_ledger = models.IntegerField(null=True)
    missing = models.IntegerField(default=0)

    class Meta:
        verbose_name = _("folder")
        verbose_name_plural = _("folders")
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["mailbox", "path"], name="mail_folder_once")]

    def __str__(self):
        return self.name

    @property
    def is_first_look(self):
        return self.first_done < self.first_total


class SeenLetterQuerySet(models.QuerySet):
    def visible_to(self, user):
        """What lies in a mailbox is its owner's own matter: nobody else sees the ledger, administrators neither."""
        return self.filter(folder__mailbox__user=user.pk)

    editable_by = deletable_by = exportable_by = visible_to

    def with_rights(self, user):
        return self.annotate(can_edit=models.Value(True))


class SeenLetter(models.Model):
    """One letter seen in a folder, and what became of it. Its words are nowhere but in the letter that was stored."""

    class State(models.TextChoices):
        STORED = "stored", pgettext_lazy("letter", "stored")
        SKIPPED = "skipped", pgettext_lazy("letter", "skipped")
        FAILED = "failed", pgettext_lazy("letter", "failed")
        AGAIN = "again", pgettext_lazy("letter", "to be looked at again")
        GONE = "gone", pgettext_lazy("letter", "deleted on the server")

    class Reason(models.TextChoices):
        NONE = "", "–"
        UNKNOWN = "unknown", _("nobody in it is known here")
        INTERNAL = "internal", _("between colleagues")
        EXCLUDED = "excluded", _("excluded by you")
        OURS = "ours", _("sent by the program itself")
        REPORT = "report", _("report about a letter of yours")
        DUPLICATE = "duplicate", _("stored before")
        OLD = "old", _("older than the first look")
        MACHINE = "machine", _("report of the mail system")
        WITHHELD = "withheld", _("not given by the server")
        BROKEN = "broken", _("could not be read")

    folder = models.ForeignKey(MailFolder, models.CASCADE, related_name="seen", verbose_name=_("folder"))
    uid_validity = models.BigIntegerField()
    uid = models.BigIntegerField()
    message_id = models.CharField(max_length=255, blank=True)
    is_out = models.BooleanField(_("sent by you"), default=False)
    sender = models.CharField(_("from"), max_length=320, blank=True)
    sender_name = models.CharField(max_length=150, blank=True)
    recipients = models.CharField(_("to"), max_length=500, blank=True)
    subject = models.CharField(_("subject"), max_length=300, blank=True)
    size = models.BigIntegerField(_("size"), default=0)
    state = models.CharField(_("state"), max_length=7, choices=State)
    reason = models.CharField(_("reason"), max_length=9, choices=Reason, blank=True, default="")
    detail = models.CharField(max_length=300, blank=True)
    attempts = models.PositiveSmallIntegerField(default=1)
    sent_at = models.DateTimeField(_("date"), default=timezone.now)
    seen_at = models.DateTimeField(_("seen"), default=timezone.now)
    gone_at = models.DateTimeField(null=True)
    letter = models.ForeignKey("contacts.PersonalLetter", models.SET_NULL, null=True, related_name="seen")

    objects = SeenLetterQuerySet.as_manager()

    class Meta:
        verbose_name = _("letter seen")
        verbose_name_plural = _("letters seen")
        constraints = [models.UniqueConstraint(fields=["folder", "uid_validity", "uid"], name="seen_once")]
        indexes = [
            models.Index(fields=["folder", "-sent_at", "-id"], name="seen_newest"),
            models.Index(fields=["folder", "state", "reason"], name="seen_by_state"),
        ]

    def __str__(self):
        return self.subject or self.message_id

    @property
    def correspondent(self):
        """Who is at the other end."""
        return self.recipients if self.is_out else self.sender_name or self.sender

    @property
    def as_contact(self):
        """The query that fills the form of a new contact with who wrote."""
        first, _blank, last = self.sender_name.rpartition(" ")
        names = {"first_name": first or last, "last_name": last if first else ""}
        return urlencode({"email": self.sender, **names})


def _opened(secret):
    try:
        return keys.box(PURPOSE).decrypt(secret.encode()).decode() if secret else ""
    except InvalidToken:
        return ""


def _locked(value):
    return keys.box(PURPOSE).encrypt(value.encode()).decode() if value else ""
