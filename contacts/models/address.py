"""Further postal addresses. The main one stands on the person or company itself, where lists and filters read it."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from contacts.models.company import Company
from contacts.models.contact import Contact
from contacts.places import place_lines
from crm import audit

PARTS = ("country", "region", "city", "street", "postcode")


@audit.tracked(inserts=True)
class Address(models.Model):
    """A place beside the main one: where goods go, where papers go."""

    class Kind(models.TextChoices):
        POSTAL = "postal", _("Postal")
        DELIVERY = "delivery", pgettext_lazy("address", "Delivery")
        LEGAL = "legal", _("Legal")
        OTHER = "other", _("Other")

    contact = models.ForeignKey(Contact, models.CASCADE, null=True, blank=True, related_name="addresses")
    company = models.ForeignKey(Company, models.CASCADE, null=True, blank=True, related_name="addresses")
    kind = models.CharField(_("kind"), max_length=8, choices=Kind, default=Kind.POSTAL)
    label = models.CharField(_("label"), max_length=60, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True)
    region = models.CharField(_("region"), max_length=100, blank=True)
    city = models.CharField(_("city"), max_length=100, blank=True)
    street = models.CharField(_("street"), max_length=200, blank=True)
    postcode = models.CharField(_("postcode"), max_length=20, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("postal address")
        verbose_name_plural = _("postal addresses")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(contact=None) ^ models.Q(company=None), name="address_has_one_owner"
            )
        ]

    def __str__(self):
        return ", ".join(part for part in (self.postcode, self.city, self.street) if part)

    @property
    def lines(self):
        """As the country writes it, without the country's name."""
        return place_lines(self)
