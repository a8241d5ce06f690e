"""What answer times are promised."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from crm import audit
from crm.models import BusinessCalendar


class Priority(models.TextChoices):
    LOW = "low", _("Low")
    NORMAL = "normal", _("Normal")
    HIGH = "high", _("High")
    URGENT = "urgent", _("Urgent")


@audit.tracked()
class SlaTarget(models.Model):
    """For one priority: working minutes to the first response and to the solution."""

    priority = models.CharField(_("priority"), max_length=6, choices=Priority, unique=True)
    calendar = models.ForeignKey(BusinessCalendar, models.PROTECT, verbose_name=_("working hours"))
    first_response = models.PositiveIntegerField(_("first response, minutes"), default=240)
    resolution = models.PositiveIntegerField(_("solution, minutes"), default=1440)

    class Meta:
        verbose_name = _("promise")
        verbose_name_plural = _("promises")

    def __str__(self):
        return self.get_priority_display()


class SlaBreach(models.Model):
    """A promise that was missed, once for each clock and each time the ticket was opened again."""

    class Clock(models.TextChoices):
        RESPONSE = "response", _("first response")
        RESOLUTION = "resolution", _("solution")

    ticket = models.ForeignKey("tickets.Ticket", models.CASCADE, related_name="breaches")
    clock = models.CharField(_("promise"), max_length=10, choices=Clock)
    round = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(_("was due"))
    noted_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("missed promise")
        verbose_name_plural = _("missed promises")
        constraints = [models.UniqueConstraint(fields=["ticket", "clock", "round"], name="breach_once")]

    def __str__(self):
        return f"{self.get_clock_display()} {self.due_at:%Y-%m-%d %H:%M}"
