"""Imports: what was read, what became of each row, and what it takes to undo it."""

from django.db import models, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.models.contact import Contact
from crm import jobs
from crm.access import Owned, OwnedQuerySet
from crm.models import Job, StoredFile


class ImportRunQuerySet(OwnedQuerySet):
    def for_card(self):
        """With what a row or the page shows."""
        return self.select_related("file", "by", "owner", "job")


class ImportRun(Owned):
    """One file on its way in. Columns are mapped by position: headers may repeat."""

    access_kind = "import"

    class State(models.TextChoices):
        DRAFT = "draft", _("not started")
        RUNNING = "running", _("running")
        STOPPED = "stopped", _("stopped")
        DONE = "done", _("imported")
        UNDONE = "undone", _("undone")

    class Duplicates(models.TextChoices):
        UPDATE = "update", _("Update them with what the file says")
        SKIP = "skip", _("Leave them as they are")
        CREATE = "create", _("Create them once more")

    file = models.ForeignKey(StoredFile, models.PROTECT, verbose_name=_("file"), related_name="+")
    by = models.ForeignKey("crm.User", models.CASCADE, verbose_name=_("by"), related_name="+")
    encoding = models.CharField(max_length=20, blank=True)
    separator = models.CharField(max_length=1, blank=True)
    headers = models.JSONField(default=list)
    mapping = models.JSONField(default=dict)
    duplicates = models.CharField(_("Known people"), max_length=6, choices=Duplicates, default=Duplicates.UPDATE)
    state = models.CharField(_("state"), max_length=7, choices=State, default=State.DRAFT)
    job = models.ForeignKey(Job, models.SET_NULL, null=True, blank=True, related_name="+")
    counts = models.JSONField(default=dict)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    objects = ImportRunQuerySet.as_manager()

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        ordering = ["-created_at"]

    def __str__(self):
        return self.file.name

    def get_absolute_url(self):
        return reverse("contacts:import_show", args=[self.pk])

    @property
    def may_be_undone(self):
        """Whether it is over and rows of it stand here."""
        return self.state in {self.State.DONE, self.State.STOPPED}

    @transaction.atomic
    def begin(self, *, by):
        """Start the job, once: two people who press at the same moment start one. Says whether this call did."""
        mine = ImportRun.objects.filter(pk=self.pk, state__in=[self.State.DRAFT, self.State.STOPPED])
        if not mine.update(state=self.State.RUNNING):
            return False
        self.job = jobs.start("contacts.import", by=by, params={"import": self.pk}, subject=self.file.name)
        ImportRun.objects.filter(pk=self.pk).update(job=self.job)
        return True

    def settle(self, state):
        """Note that the job is over, and how many rows became what."""
        found = self.rows.values_list("outcome").annotate(n=models.Count("pk"))
        self.state, self.finished_at = state, timezone.now()
        self.counts = dict.fromkeys(ImportedRow.Outcome.values, 0) | dict(found)
        self.save(update_fields=["state", "counts", "finished_at"])


class ImportedRow(models.Model):
    """What became of one line. `before` holds the values that an update wrote over."""

    class Outcome(models.TextChoices):
        CREATED = "created", _("created")
        UPDATED = "updated", _("updated")
        SKIPPED = "skipped", _("skipped")
        FAILED = "failed", _("refused")

    run = models.ForeignKey(ImportRun, models.CASCADE, related_name="rows")
    line = models.IntegerField()
    outcome = models.CharField(max_length=7, choices=Outcome)
    contact = models.ForeignKey(Contact, models.SET_NULL, null=True, related_name="+")
    before = models.JSONField(default=dict)
    reason = models.TextField(blank=True, default="")
    cells = models.JSONField(default=list)

    class Meta:
        verbose_name = _("imported row")
        verbose_name_plural = _("imported rows")
        constraints = [models.UniqueConstraint(fields=["run", "line"], name="imported_line_once")]
        indexes = [models.Index(fields=["run", "outcome", "line"], name="imported_outcome")]

    def __str__(self):
        return f"{self.run_id}:{self.line}"
