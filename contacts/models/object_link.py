"""Ties between records of the kinds that people define, and people and companies."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from contacts.models.company import Company
from contacts.models.contact import Contact
from crm.models import Link


class ContactLink(Link):
    target = models.ForeignKey(Contact, models.CASCADE, related_name="+")

    class Meta(Link.Meta):
        verbose_name = _("relation with a contact")
        verbose_name_plural = _("relations with contacts")


class CompanyLink(Link):
    target = models.ForeignKey(Company, models.CASCADE, related_name="+")

    class Meta(Link.Meta):
        verbose_name = _("relation with a company")
        verbose_name_plural = _("relations with companies")
