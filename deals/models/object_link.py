"""Ties between records of the kinds that people define, and deals."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.models import Link
from deals.models.deal import Deal


class DealLink(Link):
    target = models.ForeignKey(Deal, models.CASCADE, related_name="+")

    class Meta(Link.Meta):
        verbose_name = _("relation with a deal")
        verbose_name_plural = _("relations with deals")
