"""Merges: which record went into which, and what it takes to part them again."""

from datetime import timedelta

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.models.company import Company
from contacts.models.contact import Contact

KEPT_FOR = timedelta(days=30)


class Merge(models.Model):
    """One record that went into another.

    `contact` or `company` is the record in which it lives on, and moves on with further merges: the address of the one
    that is gone leads there. `kept_id` is the one it was merged into.
    """

    contact = models.ForeignKey(Contact, models.CASCADE, null=True, blank=True, related_name="merges")
    company = models.ForeignKey(Company, models.CASCADE, null=True, blank=True, related_name="merges")
    kept_id = models.BigIntegerField()
    gone_id = models.BigIntegerField()
    title = models.CharField(_("name"), max_length=320)
    choices = models.JSONField(default=dict)
    # The highest key of each table then: what is above has arrived since.
    marks = models.JSONField(default=dict)
    score = models.FloatField(_("score"), null=True, blank=True)
    is_automatic = models.BooleanField(_("by itself"), default=False)
    by = models.ForeignKey("crm.User", models.SET_NULL, verbose_name=_("by"), null=True, blank=True, related_name="+")
    at = models.DateTimeField(_("when"), default=timezone.now)
    undone_at = models.DateTimeField(_("undone"), null=True, blank=True)
    undone_by = models.ForeignKey("crm.User", models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        verbose_name = _("merge")
        verbose_name_plural = _("merges")
        constraints = [
            models.CheckConstraint(condition=Q(contact=None) ^ Q(company=None), name="merge_of_one_kind"),
        ]
        indexes = [
            models.Index(fields=["gone_id"], condition=Q(undone_at=None), name="merge_of_gone"),
            models.Index(fields=["at"], condition=Q(undone_at=None), name="merge_by_time"),
        ]

    def __str__(self):
        return self.title

    @property
    def model(self):
        return Contact if self.contact_id else Company

    @property
    def kept(self):
        """The record in which it lives on."""
        return self.contact if self.contact_id else self.company

    @property
    def until(self):
        """The last moment at which it can be undone."""
        return self.at + KEPT_FOR

    @property
    def may_be_undone(self):
        """Whether it is young enough, and the kept record has not itself gone into another since."""
        lives_in = self.contact_id or self.company_id
        return self.undone_at is None and self.until > timezone.now() and lives_in == self.kept_id


class MergeStep(models.Model):
    """One statement of a merge, in order, with what undoes it.

    `move`: `ids` had `column` on the one that is gone. `update`: `before` and `after` hold rows
    of the columns that changed, whose names stand in `column` with commas. `delete`: `before` holds whole rows. `insert`: `after` does.
    """

    class Act(models.TextChoices):
        MOVE = "move"
        UPDATE = "update"
        DELETE = "delete"
        INSERT = "insert"

    merge = models.ForeignKey(Merge, models.CASCADE, related_name="steps")
    act = models.CharField(max_length=6, choices=Act)
    model = models.CharField(max_length=100)
    column = models.TextField(blank=True, default="")
    ids = ArrayField(models.TextField(), default=list)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)

    class Meta:
        verbose_name = _("step of a merge")
        verbose_name_plural = _("steps of a merge")

    def __str__(self):
        return f"{self.act} {self.model} {len(self.ids)}"
