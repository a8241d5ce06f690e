"""Working hours."""

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.clock import Hours, parse_week


class BusinessCalendar(models.Model):
    """A zone, weekly hours and special days. Hours as "0-4 09:00-18:00; 5 10:00-14:00" (0 is Monday)."""

    name = models.CharField(_("name"), max_length=100)
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC")
    week = models.CharField(
        _("weekly hours"),
        max_length=300,
        default="0-4 09:00-18:00",
        help_text=_("Days from 0 (Monday) to 6, then hours: 0-4 09:00-13:00 14:00-18:00; 5 10:00-14:00"),
    )

    class Meta:
        verbose_name = _("working hours")
        verbose_name_plural = _("working hours")
        ordering = ["name"]

    def __str__(self):
        return self.name

    def clean(self):
        try:
            parse_week(self.week)
        except ValueError as error:
            raise ValidationError(
                {"week": _("“%(part)s” cannot be read. Write it like 0-4 09:00-18:00.") % {"part": error}}
            ) from error

    def hours(self):
        """The calendar as `crm.clock` needs it."""
        special = {day.day: parse_week(f"0 {day.hours}").get(0, []) if day.hours else [] for day in self.days.all()}
        return Hours(self.time_zone, parse_week(self.week), special)


class SpecialDay(models.Model):
    """A day unlike its weekday: a holiday (no hours), a short day, a working Saturday."""

    calendar = models.ForeignKey(BusinessCalendar, models.CASCADE, related_name="days")
    day = models.DateField(_("day"))
    name = models.CharField(_("name"), max_length=100, blank=True)
    hours = models.CharField(
        _("hours"), max_length=100, blank=True, help_text=_("Empty on a holiday, else 09:00-17:00")
    )

    class Meta:
        verbose_name = _("special day")
        verbose_name_plural = _("special days")
        ordering = ["day"]
        constraints = [models.UniqueConstraint(fields=["calendar", "day"], name="special_day_once")]

    def __str__(self):
        return f"{self.day} {self.name}"

    def clean(self):
        try:
            parse_week(f"0 {self.hours}" if self.hours else "")
        except ValueError as error:
            raise ValidationError({"hours": _("Write hours like 09:00-17:00.")}) from error
