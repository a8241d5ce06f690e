"""Mailboxes from which requests come and in whose name replies leave."""

from cryptography.fernet import InvalidToken
from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from crm import audit, keys

PURPOSE = "tickets.mailbox"


@audit.tracked(exclude=["last_uid", "uid_validity", "checked_at", "last_error", "lease_until"])
class Mailbox(models.Model):
    """An address with its IMAP account. The password is kept encrypted, never shown again."""

    name = models.CharField(_("name"), max_length=100)
    address = models.EmailField(_("address"), unique=True)
    signature = models.TextField(_("signature"), blank=True)
    host = models.CharField(_("IMAP server"), max_length=200, blank=True)
    port = models.PositiveIntegerField(_("port"), default=993)
    use_tls = models.BooleanField(_("TLS"), default=True)
    user_name = models.CharField(_("user name"), max_length=200, blank=True)
    secret = models.TextField(blank=True, editable=False)
    folder = models.CharField(_("folder"), max_length=100, default="INBOX")
    is_active = models.BooleanField(_("active"), default=True)
    last_uid = models.BigIntegerField(default=0, editable=False)
    uid_validity = models.BigIntegerField(default=0, editable=False)
    checked_at = models.DateTimeField(_("checked"), null=True, blank=True, editable=False)
    last_error = models.TextField(_("last error"), blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("mailbox")
        verbose_name_plural = _("mailboxes")
        ordering = ["name"]

    def __str__(self):
        return self.name

    @property
    def password(self):
        """The IMAP password, "" when none is kept or it was kept under a SECRET_KEY that is gone."""
        try:
            return keys.box(PURPOSE).decrypt(self.secret.encode()).decode() if self.secret else ""
        except InvalidToken:
            return ""

    @password.setter
    def password(self, value):
        self.secret = keys.box(PURPOSE).encrypt(value.encode()).decode() if value else ""

    @property
    def sender(self):
        """(name, address) as replies carry them."""
        return self.name, self.address or settings.DEFAULT_FROM_EMAIL
