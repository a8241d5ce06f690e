"""What workers have worked out, so that no page has to."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class ClvFit(models.Model):
    """Parameters of the purchase model and what they say of an average customer in the next twelve months."""

    made_at = models.DateTimeField(default=timezone.now)
    params = models.JSONField(default=dict)
    customers = models.IntegerField()
    value = models.DecimalField(_("predicted value of a customer"), max_digits=14, decimal_places=2)

    class Meta:
        verbose_name = _("fit of the purchase model")
        verbose_name_plural = _("fits of the purchase model")
        ordering = ["-made_at"]

    def __str__(self):
        return f"{self.made_at:%Y-%m-%d}"
