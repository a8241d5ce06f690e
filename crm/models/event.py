"""The stream: one append-only row for everything that happens with a customer."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class EventQuerySet(models.QuerySet):
    def for_contact(self, contact):
        """What happened with this person, newest first."""
        return self.filter(contact_id=contact.pk).newest_first()

    def for_company(self, company):
        """What happened with this company and, in its name, with its people; newest first."""
        return self.filter(company_id=company.pk).newest_first()

    def about(self, obj):
        """What happened to this object, newest first."""
        return self.filter(target_type=obj._meta.label_lower, target_id=obj.pk).newest_first()

    def newest_first(self):
        return self.order_by("-occurred_at", "-id")


class Event(models.Model):
    """Written only by `crm.events.record`. Partitioned by month of `occurred_at`.

    `contact_id` and `company_id` are plain numbers: the stream stands below the apps that own those tables.
    `target_type` is a model label such as "deals.deal".
    """

    pk = models.CompositePrimaryKey("id", "occurred_at")
    id = models.BigIntegerField(editable=False)
    occurred_at = models.DateTimeField(_("when"))
    kind = models.CharField(_("what"), max_length=60)
    contact_id = models.BigIntegerField(null=True)
    company_id = models.BigIntegerField(null=True)
    actor_id = models.BigIntegerField(null=True)
    target_type = models.CharField(max_length=60, blank=True, default="")
    target_id = models.BigIntegerField(null=True)
    data = models.JSONField(default=dict)

    objects = EventQuerySet.as_manager()

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        managed = False
        db_table = "crm_event"

    def __str__(self):
        return f"{self.kind} {self.id}"
