"""Pipelines, their stages, and why deals are lost."""

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm import audit


@audit.tracked()
class Pipeline(models.Model):
    """A way of selling: an ordered set of stages."""

    name = models.CharField(pgettext_lazy("of a thing", "name"), max_length=100, unique=True)
    position = models.PositiveIntegerField(_("position"), default=0)
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("pipeline")
        verbose_name_plural = _("pipelines")
        ordering = ["position", "pk"]

    def __str__(self):
        return self.name

    def stage_of_kind(self, kind):
        """The first stage of that kind, or None."""
        return self.stages.filter(kind=kind).first()


@audit.tracked()
class Stage(models.Model):
    """A step of a pipeline. The program asks for `kind`, never for the name.

    `gate` names the fields of a deal that must be filled before it may enter; `rot_days` is after how many days a
    deal here counts as forgotten (None: never).
    """

    class Kind(models.TextChoices):
        OPEN = "open", pgettext_lazy("deals", "Open")
        HOLD = "hold", _("On hold")
        WON = "won", _("Won")
        LOST = "lost", _("Lost")

    CLOSED = (Kind.WON, Kind.LOST)

    pipeline = models.ForeignKey(Pipeline, models.CASCADE, verbose_name=_("pipeline"), related_name="stages")
    name = models.CharField(pgettext_lazy("of a thing", "name"), max_length=60)
    kind = models.CharField(_("kind"), max_length=4, choices=Kind, default=Kind.OPEN)
    probability = models.PositiveSmallIntegerField(_("probability, %"), default=0, validators=[MaxValueValidator(100)])
    rot_days = models.PositiveSmallIntegerField(_("forgotten after, days"), null=True, blank=True)
    gate = ArrayField(models.CharField(max_length=30), verbose_name=_("asks for"), default=list, blank=True)
    position = models.PositiveIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("stage")
        verbose_name_plural = _("stages")
        ordering = ["pipeline", "position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["pipeline", "name"], name="stage_name_unique"),
            models.CheckConstraint(condition=models.Q(probability__lte=100), name="stage_probability_range"),
        ]

    def __str__(self):
        return self.name

    @property
    def is_closed(self):
        return self.kind in self.CLOSED

    @property
    def icon(self):
        return {"won": "trophy", "lost": "circle-x", "hold": "player-pause"}.get(self.kind, "arrow-right")

    @property
    def gate_names(self):
        """What the gate asks for, in words."""
        from deals.models.gate import ASKABLE

        return ", ".join(str(ASKABLE[name]) for name in self.gate if name in ASKABLE)

    @property
    def asks(self):
        """Names of all fields that must be filled to enter: the gate, and what closing always needs."""
        always = {self.Kind.WON: ["amount"], self.Kind.LOST: ["loss_reason"]}.get(self.kind, [])
        return list(dict.fromkeys([*self.gate, *always]))


class LossReason(models.Model):
    """Why a deal was lost, as a company wants to count it."""

    name = models.CharField(pgettext_lazy("of a thing", "name"), max_length=100, unique=True)
    position = models.PositiveIntegerField(_("position"), default=0)
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("loss reason")
        verbose_name_plural = _("loss reasons")
        ordering = ["position", "pk"]

    def __str__(self):
        return self.name
