"""Records of the kinds that people define, and the ties between them and other records."""

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm import audit
from crm.access import Owned, OwnedQuerySet
from crm.models.object_kind import ObjectKind, ObjectRelation
from crm.text import sort_key


class ObjectRecordQuerySet(OwnedQuerySet):
    def of(self, kind):
        """The records of one kind."""
        return self.filter(kind=kind.pk)


@audit.tracked(exclude=["name_key", "unique_value", "next_step", "next_step_at", "updated_at"])
class ObjectRecord(Owned):
    """One record of a kind. All kinds share the table: rights are those of each row's own kind (`access_kinds`)."""

    access_shared = True

    kind = models.ForeignKey(ObjectKind, models.PROTECT, verbose_name=_("kind"), related_name="+")
    number = models.PositiveIntegerField(_("number"), editable=False)
    title = models.CharField(_("title"), max_length=200)
    name_key = models.CharField(max_length=200, editable=False, default="", db_collation="C")
    unique_value = models.CharField(max_length=200, null=True, editable=False, db_collation="C")
    custom = models.JSONField(_("further fields"), default=dict, blank=True)
    next_step = models.CharField(_("next step"), max_length=200, blank=True, editable=False, db_default="")
    next_step_at = models.DateTimeField(_("next step due"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = ObjectRecordQuerySet.as_manager()

    class Meta:
        verbose_name = _("record")
        verbose_name_plural = _("records")
        constraints = [
            models.UniqueConstraint(fields=["kind", "number"], name="object_number_once"),
            models.UniqueConstraint(fields=["kind", "unique_value"], name="object_unique_once"),
        ]
        indexes = [
            models.Index(fields=["kind", "name_key", "id"], name="object_by_name"),
            models.Index("kind", models.F("created_at").desc(), models.F("id").desc(), name="object_newest"),
            models.Index(fields=["kind", "owner"], name="object_by_owner"),
            models.Index(fields=["kind", "team"], name="object_by_team"),
            GinIndex(name="object_name_trgm", fields=["name_key"], opclasses=["gin_trgm_ops"]),
        ]

    def __str__(self):
        return self.title

    def save(self, *args, **kwargs):
        """What follows from title and own fields follows here, whichever way they were written."""
        self.follow()
        if (fields := kwargs.get("update_fields")) is not None:
            kwargs["update_fields"] = {*fields, "title", "name_key", "unique_value", "updated_at"}
        super().save(*args, **kwargs)

    def follow(self):
        """Let the name follow title, number and own fields. `save` does; who writes many rows at once calls it."""
        from crm.objects.naming import name_of, unique_of

        self.title = name_of(self)
        self.name_key, self.unique_value = sort_key(self.title), unique_of(self)

    def get_absolute_url(self):
        return reverse("object_show", args=[self.definition.code, self.pk])

    @staticmethod
    def access_kinds():
        """{what roles call it: key} of the kinds in use; rows of retired kinds are nobody's."""
        return {kind.subject: kind.pk for kind in ObjectKind.live()}

    @property
    def definition(self):
        """Its kind, without a query."""
        return next(kind for kind in ObjectKind.everything() if kind.pk == self.kind_id)

    @property
    def access_kind(self):
        return self.definition.subject


class Link(models.Model):
    """A tie between a record and a `target` of another model. `is_single` repeats the relation's, for the constraint."""

    relation = models.ForeignKey(ObjectRelation, models.CASCADE, related_name="+")
    record = models.ForeignKey(ObjectRecord, models.CASCADE, related_name="+")
    is_single = models.BooleanField(default=False, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        abstract = True
        constraints = [
            models.UniqueConstraint(fields=["relation", "record", "target"], name="%(class)s_once"),
            models.UniqueConstraint(
                fields=["relation", "record"], condition=models.Q(is_single=True), name="%(class)s_single"
            ),
        ]
        indexes = [
            models.Index(fields=["target", "relation", "record"], name="%(class)s_back"),
            models.Index(fields=["record", "relation"], name="%(class)s_record"),
        ]

    def __str__(self):
        return f"{self.record_id} – {self.target_id}"


class RecordLink(Link):
    """A tie between the records of two kinds."""

    target = models.ForeignKey(ObjectRecord, models.CASCADE, related_name="+")

    class Meta(Link.Meta):
        verbose_name = _("relation between records")
        verbose_name_plural = _("relations between records")
