"""Under which number other systems know a person or a company."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from contacts.models.company import Company
from contacts.models.contact import Contact


class ExternalId(models.Model):
    """One number (`value`) in one system, of a person or of a company. A number leads to one record of a kind."""

    contact = models.ForeignKey(Contact, models.CASCADE, null=True, blank=True, related_name="external_ids")
    company = models.ForeignKey(Company, models.CASCADE, null=True, blank=True, related_name="external_ids")
    system = models.CharField(_("system"), max_length=60)
    value = models.CharField(_("number"), max_length=200)

    class Meta:
        verbose_name = _("number in another system")
        verbose_name_plural = _("numbers in other systems")
        constraints = [
            models.UniqueConstraint(
                fields=["system", "value"], condition=models.Q(company=None), name="external_id_of_contact"
            ),
            models.UniqueConstraint(
                fields=["system", "value"], condition=models.Q(contact=None), name="external_id_of_company"
            ),
            models.CheckConstraint(
                condition=models.Q(contact=None) ^ models.Q(company=None), name="external_id_has_one_owner"
            ),
        ]

    def __str__(self):
        return f"{self.system}: {self.value}"
