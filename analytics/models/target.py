"""What the company wants a figure to be."""

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.utils.translation import gettext_lazy as _

from crm import audit


class _Days(Func):
    function = "daterange"
    output_field = DateRangeField()


@audit.tracked()
class KpiTarget(models.Model):
    """The value a KPI shall have from `first_on` up to and with `last_on`; in seconds, percent, money or a number."""

    kpi = models.CharField(_("figure"), max_length=30)
    first_on = models.DateField(_("first day"))
    last_on = models.DateField(_("last day"))
    value = models.DecimalField(_("target"), max_digits=16, decimal_places=2)
    set_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, verbose_name=_("set by"), null=True, related_name="+"
    )

    class Meta:
        verbose_name = _("target")
        verbose_name_plural = _("targets")
        ordering = ["kpi", "-first_on"]
        constraints = [
            models.CheckConstraint(condition=Q(last_on__gte=F("first_on")), name="target_days_forward"),
            models.CheckConstraint(condition=Q(value__gt=0), name="target_positive"),
            ExclusionConstraint(
                name="target_once_a_day",
                expressions=[
                    ("kpi", RangeOperators.EQUAL),
                    (_Days("first_on", "last_on", models.Value("[]")), RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self):
        return f"{self.kpi} {self.first_on} – {self.last_on}"
