"""The company that runs this installation: one row."""

import copy

from django.db import models
from django.utils.translation import gettext_lazy as _

from crm import audit
from crm.kept import forget, kept

KEPT = "workspace"


@audit.tracked()
class Workspace(models.Model):
    """Name, language, zone and currency of the company."""

    name = models.CharField(_("company name"), max_length=150, default="Rapport")
    language = models.CharField(
        _("language"), max_length=2, choices=[("en", "English"), ("ru", "Русский")], default="en"
    )
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC")
    country = models.CharField(_("country"), max_length=2, default="DE", help_text=_("Two letters, as in DE or RU."))
    currency = models.CharField(_("currency"), max_length=3, default="EUR")
    mail_from = models.EmailField(_("sender address"), blank=True)
    mail_name = models.CharField(_("sender name"), max_length=100, blank=True)
    address = models.TextField(_("postal address"), blank=True)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    is_demo = models.BooleanField(_("demo company"), default=False)

    class Meta:
        verbose_name = _("company settings")
        verbose_name_plural = _("company settings")
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="workspace_is_one")]

    def __str__(self):
        return self.name

    def save(self, *args, **kwargs):
        self.pk = 1
        super().save(*args, **kwargs)
        forget(KEPT)

    @classmethod
    def get(cls):
        """The row, read once a request; defaults while nobody has set it up. Each caller gets a copy of its own."""
        # Lists ask for the currency in every cell.
        return copy.copy(kept(KEPT, lambda: cls.objects.filter(pk=1).first() or cls(pk=1)))
