"""What became of each line of an import, and what it takes to undo it."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from contacts.models.company import Company
from contacts.models.contact import Contact
from crm.models import ObjectRecord


class ImportedRow(models.Model):
    """What became of one line. `before` holds the values that an update wrote over, `at` the instant it left on the record."""

    class Outcome(models.TextChoices):
        CREATED = "created", _("created")
        UPDATED = "updated", _("updated")
        SKIPPED = "skipped", _("skipped")
        FAILED = "failed", _("refused")

    class Undone(models.TextChoices):
        REMOVED = "removed", _("removed")
        RESTORED = "restored", _("restored")
        LEFT = "left", pgettext_lazy("imported row", "left")

    run = models.ForeignKey("contacts.ImportRun", models.CASCADE, related_name="rows")
    line = models.IntegerField()
    outcome = models.CharField(max_length=7, choices=Outcome)
    contact = models.ForeignKey(Contact, models.SET_NULL, null=True, related_name="+")
    # The record of an own kind, in an import of such.
    record = models.ForeignKey(ObjectRecord, models.SET_NULL, null=True, related_name="+", db_index=False)
    before = models.JSONField(default=dict)
    at = models.DateTimeField(null=True)
    undone = models.CharField(max_length=8, choices=Undone, blank=True, default="", db_default="")
    reason = models.TextField(blank=True, default="")
    cells = models.JSONField(default=list)

    class Meta:
        verbose_name = _("imported row")
        verbose_name_plural = _("imported rows")
        constraints = [models.UniqueConstraint(fields=["run", "line"], name="imported_line_once")]
        indexes = [
            models.Index(fields=["run", "outcome", "line"], name="imported_outcome"),
            models.Index(fields=["record"], condition=models.Q(record__isnull=False), name="imported_record"),
        ]

    def __str__(self):
        return f"{self.run_id}:{self.line}"

    @property
    def about(self):
        """The person or the record of an own kind that the line made or changed; None when it is gone."""
        return self.record if self.record_id else self.contact


class ImportedCompany(models.Model):
    """A company that an import made, or changed from what stands in `before`."""

    run = models.ForeignKey("contacts.ImportRun", models.CASCADE, related_name="companies")
    company = models.ForeignKey(Company, models.CASCADE, related_name="+")
    is_new = models.BooleanField()
    before = models.JSONField(default=dict)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("imported company")
        verbose_name_plural = _("imported companies")
        constraints = [models.UniqueConstraint(fields=["run", "company"], name="imported_company_once")]

    def __str__(self):
        return f"{self.run_id}:{self.company_id}"


class ImportKey(models.Model):
    """By what a later line of a file would know the person or company of an earlier one. Kept while a dry run lasts."""

    run = models.ForeignKey("contacts.ImportRun", models.CASCADE, related_name="+", db_index=False)
    key = models.CharField(max_length=500)
    # The record it stands for: its key when it is here already, else minus the line that would make it.
    record = models.BigIntegerField()
    name_key = models.CharField(max_length=200, default="")

    class Meta:
        verbose_name = _("key of an imported line")
        verbose_name_plural = _("keys of imported lines")
        indexes = [models.Index(fields=["run", "key"], name="import_key")]

    def __str__(self):
        return self.key
