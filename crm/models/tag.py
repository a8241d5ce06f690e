"""Tags as a list of their own: what they are called, their colour, and how many records carry each."""

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm import audit
from crm.access import OwnedQuerySet
from crm.kept import forget
from crm.text import sort_key

COLOURS = "tags.colours"


@audit.tracked(exclude=["name_key", "counts", "total", "counted_at"])
class Tag(models.Model):
    """One word that records carry. The records hold the word itself (`tags`); this row says what else is known of it.

    `counts` is {kind of record: number} as it was when it was counted last (`crm.tags`).
    """

    access_kind = "settings"

    class Colour(models.TextChoices):
        NONE = "", _("none")
        ACCENT = "acc", _("violet")
        BLUE = "blue", _("blue")
        GREEN = "green", _("green")
        AMBER = "amber", _("amber")
        RED = "red", _("red")

    name = models.CharField(pgettext_lazy("of a thing", "name"), max_length=60, unique=True)
    name_key = models.CharField(max_length=80, editable=False, default="", db_collation="C")
    colour = models.CharField(_("colour"), max_length=6, choices=Colour, default=Colour.NONE, blank=True)
    counts = models.JSONField(_("records"), default=dict, editable=False)
    total = models.IntegerField(_("records"), default=0, editable=False)
    counted_at = models.DateTimeField(_("counted"), null=True, editable=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("tag")
        verbose_name_plural = _("tags")
        ordering = ["name_key", "pk"]
        indexes = [
            models.Index(fields=["name_key", "id"], name="tag_by_name"),
            models.Index(models.F("total").desc(), models.F("id").desc(), name="tag_by_use"),
            GinIndex(name="tag_name_trgm", fields=["name_key"], opclasses=["gin_trgm_ops"]),
        ]

    def __str__(self):
        return self.name

    def save(self, *args, **kwargs):
        self.name_key = sort_key(self.name)
        super().save(*args, **kwargs)
        forget(COLOURS)

    def get_absolute_url(self):
        return reverse("tag", args=[self.pk])

    def paint(self, colour):
        """Give the tag a colour; "" takes it away."""
        self.colour = colour
        self.save(update_fields=["colour"])
