"""What repeats. Only the nearest occurrences are rows; the others follow from the rule when somebody looks."""

from functools import reduce
from operator import or_

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.models.activity import Activity, new_uid
from crm import audit, recurrence
from crm.access import OwnedQuerySet, predicate


class RecurrenceQuerySet(OwnedQuerySet):
    def visible_to(self, user):
        """Also those in which the user takes part, whoever owns them."""
        condition = predicate(self.model, user, "view")
        return self if condition is None else self.filter(condition | models.Q(people__contains=[{"user": user.pk}]))

    def of(self, people):
        """Those that one of these owns or takes part in."""
        parts = [models.Q(people__contains=[{"user": person.pk}]) for person in people]
        return self.filter(reduce(or_, parts, models.Q(owner__in=people)))


@audit.tracked(exclude=["next_slot", "next_at", "uid", "revision"])
class Recurrence(Activity):
    """A rule over local time, and what each of its occurrences is like.

    `starts` is the wall time of the first one. `next_slot` is the first that is no row yet and `next_at` its instant;
    None when the rule has come to its end. `skipped` are occurrences that were taken out. Those of whole days begin on
    the days of their wall times. `uid` and `revision` are as those of a task; an entry of `people` that was invited to
    all of it has the revision it knows in "told", and its "answer".
    """

    rule = models.CharField(_("rule"), max_length=200)
    zone = models.CharField(_("time zone"), max_length=64)
    starts = models.CharField(max_length=16)
    whole_day = models.BooleanField(_("whole day"), default=False, db_default=False)
    minutes = models.PositiveIntegerField(_("length, minutes"), null=True, blank=True)
    skipped = models.JSONField(default=list, blank=True)
    reminders = models.JSONField(_("reminders, minutes before"), default=list, blank=True)
    people = models.JSONField(_("participants"), default=list, blank=True)
    uid = models.CharField(max_length=32, default=new_uid, db_default="", editable=False)
    revision = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    next_slot = models.CharField(max_length=16, null=True, blank=True)
    next_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now)

    objects = RecurrenceQuerySet.as_manager()

    class Meta:
        verbose_name = _("recurrence")
        verbose_name_plural = _("recurrences")
        indexes = [
            models.Index(fields=["next_at"], condition=models.Q(next_at__isnull=False), name="recurrence_next"),
            models.Index(fields=["owner"], condition=models.Q(next_at__isnull=False), name="recurrence_live"),
            models.Index(fields=["target_type", "target_id"], name="recurrence_about"),
        ]

    @property
    def first(self):
        """The wall time of the first occurrence."""
        return recurrence.slot_of(self.starts)

    def slots(self, *, after=None, before=None):
        """Wall times in [after, before), without those taken out."""
        skipped = [recurrence.slot_of(text) for text in self.skipped]
        return recurrence.slots(self.rule, self.first, after=after, before=before, skipped=skipped)

    def instant(self, wall):
        return recurrence.instant(wall, self.zone)
