"""Rows about a record of any kind, by its label and key, as the stream names it."""

from django.db import models


class AboutQuerySet(models.QuerySet):
    def about(self, obj):
        """The rows about this record."""
        return self.filter(target_type=obj._meta.label_lower, target_id=obj.pk)


class About(models.Model):
    """`target_type` is a model label such as "contacts.contact"; the record's own rights decide who sees the row."""

    target_type = models.CharField(max_length=60)
    target_id = models.BigIntegerField()

    objects = AboutQuerySet.as_manager()

    class Meta:
        abstract = True


def about(obj):
    """The two fields that name a record, for a filter or a new row."""
    return {"target_type": obj._meta.label_lower, "target_id": obj.pk}
