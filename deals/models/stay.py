"""How long deals stood in each stage."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.access import OwnedQuerySet
from deals.models.pipeline import Stage


class StageStay(models.Model):
    """One stay of a deal in a stage, with amount and close date as on entering. Rows are only added and closed."""

    access_through = "deal"

    class Source(models.TextChoices):
        PAGE = "ui", _("by hand")
        API = "api", _("API")
        RULE = "rule", _("rule")
        IMPORT = "import", _("import")

    deal = models.ForeignKey("deals.Deal", models.CASCADE, verbose_name=_("deal"), related_name="stays")
    stage = models.ForeignKey(Stage, models.PROTECT, verbose_name=_("stage"), related_name="stays")
    came_from = models.ForeignKey(Stage, models.SET_NULL, null=True, blank=True, related_name="+")
    entered_at = models.DateTimeField(_("entered"))
    left_at = models.DateTimeField(_("left"), null=True, blank=True)
    seconds = models.BigIntegerField(_("seconds"), null=True, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    source = models.CharField(_("how"), max_length=6, choices=Source, default=Source.PAGE)
    amount_base = models.DecimalField(_("amount"), max_digits=14, decimal_places=2, null=True, blank=True)
    close_on = models.DateField(_("expected close"), null=True, blank=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("stay in a stage")
        verbose_name_plural = _("stays in stages")
        constraints = [
            models.UniqueConstraint(fields=["deal"], condition=models.Q(left_at=None), name="stay_one_open"),
            models.CheckConstraint(
                condition=models.Q(left_at=None) | models.Q(left_at__gte=models.F("entered_at")), name="stay_forward"
            ),
            models.CheckConstraint(
                condition=models.Q(left_at=None, seconds=None) | models.Q(left_at__isnull=False, seconds__gte=0),
                name="stay_seconds_when_left",
            ),
        ]
        indexes = [
            models.Index(fields=["deal", "entered_at"], name="stay_of_deal"),
            models.Index(fields=["stage", "entered_at"], name="stay_of_stage"),
            models.Index(fields=["entered_at"], name="stay_by_time"),
        ]

    def __str__(self):
        return f"{self.stage} {self.entered_at:%Y-%m-%d}"
