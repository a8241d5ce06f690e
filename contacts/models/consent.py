"""What people agreed to, as a ledger that only grows."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.models.contact import Contact


class Consent(models.Model):
    """One statement: given or withdrawn, for what, where and with which words. The newest one counts."""

    class Purpose(models.TextChoices):
        PERSONAL_DATA = "personal_data", _("Processing of personal data")
        ADVERTISING = "advertising", _("Advertising")

    contact = models.ForeignKey(Contact, models.CASCADE, verbose_name=_("contact"), related_name="consents")
    purpose = models.CharField(_("purpose"), max_length=13, choices=Purpose)
    topic = models.CharField(_("topic"), max_length=100, blank=True)
    channel = models.CharField(_("channel"), max_length=20, default="email")
    is_given = models.BooleanField(_("given"))
    text = models.TextField(_("words agreed to"), blank=True)
    source = models.CharField(_("where"), max_length=200, blank=True)
    address = models.GenericIPAddressField(_("network address"), null=True, blank=True)
    at = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        indexes = [models.Index("contact", "purpose", models.F("at").desc(), name="consent_newest")]

    def __str__(self):
        return f"{self.get_purpose_display()} {self.at:%Y-%m-%d}"
