"""Groups of people that keep themselves up to date."""

from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.models import Contact
from crm import audit
from crm.access import Owned


@audit.tracked(exclude=["size", "built_at", "error"])
class Segment(Owned):
    """A condition (`crm.conditions` tree about contacts) and who fits it. `error` says why it stands still."""

    access_kind = "segment"

    name = models.CharField(_("name"), max_length=150)
    tree = models.JSONField(_("condition"), default=dict)
    size = models.IntegerField(_("people"), default=0, editable=False)
    built_at = models.DateTimeField(_("counted"), null=True, blank=True, editable=False)
    error = models.CharField(max_length=300, blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("segment")
        verbose_name_plural = _("segments")
        ordering = ["name"]

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return reverse("campaigns:segment_show", args=[self.pk])


class SegmentMembership(models.Model):
    """That a person was in a segment from then until then; open while `left_at` is empty."""

    segment = models.ForeignKey(Segment, models.CASCADE, related_name="memberships")
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="segment_memberships")
    entered_at = models.DateTimeField(default=timezone.now)
    left_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [
            models.UniqueConstraint(
                fields=["segment", "contact"], condition=models.Q(left_at=None), name="membership_open_once"
            )
        ]
        indexes = [models.Index(fields=["contact"], condition=models.Q(left_at=None), name="membership_of_contact")]

    def __str__(self):
        return f"{self.segment_id}: {self.contact_id}"
