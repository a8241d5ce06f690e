"""Imports: what was read, what became of each row, and what it takes to undo it."""

from django.db import models, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.models.imported import ImportedRow
from crm import jobs
from crm.access import Owned, OwnedQuerySet
from crm.models import Job, ObjectKind, StoredFile


def standard_keys():
    """By what people and companies are recognised unless somebody chooses otherwise."""
    key = ImportRun.Key
    return [key.EXTERNAL_ID, key.EMAIL, key.PHONE, key.COMPANY_EXTERNAL_ID, key.COMPANY_INN, key.COMPANY_NAME]


class ImportRunQuerySet(OwnedQuerySet):
    def for_card(self):
        """With what a row or the page shows."""
        return self.select_related("kind", "file", "table", "by", "owner", "job", "undo_job", "check_job")


class ImportRun(Owned):
    """One file on its way in. Columns are mapped by position: headers may repeat.

    A workbook or cards are turned into a CSV `table` when they come; what is read is `source`.
    """

    access_kind = "import"

    class State(models.TextChoices):
        DRAFT = "draft", _("not started")
        RUNNING = "running", _("running")
        STOPPED = "stopped", _("stopped")
        DONE = "done", _("imported")
        UNDOING = "undoing", _("being undone")
        UNDONE = "undone", _("undone")

    class Duplicates(models.TextChoices):
        UPDATE = "update", _("Add new people and update known ones")
        SKIP = "skip", _("Only add new people; leave known ones as they are")
        ONLY = "only", _("Only update known people; leave new ones out")
        CREATE = "create", _("Add everybody, known people once more")

    class Format(models.TextChoices):
        CSV = "csv", _("CSV")
        WORKBOOK = "xlsx", _("workbook")
        VCARD = "vcard", _("vCard")

    SEPARATORS = [(",", _("comma")), (";", _("semicolon")), ("\t", _("tab")), ("|", _("vertical bar"))]

    class Key(models.TextChoices):
        """By what a known person or company is recognised, in the order in which it is tried."""

        EXTERNAL_ID = "external_id", _("Number in the other system")
        EMAIL = "email", _("Email")
        PHONE = "phone", _("Phone, unless the names differ")
        NAME = "name_company", _("Full name together with the company")
        COMPANY_EXTERNAL_ID = "company_external_id", _("Company: number in the other system")
        COMPANY_INN = "company_inn", _("Company: INN or VAT ID")
        COMPANY_DOMAIN = "company_domain", _("Company: website")
        COMPANY_NAME = "company_name", _("Company: name")

    # The kind of own record that the lines speak of; None for people and companies.
    kind = models.ForeignKey(
        ObjectKind, models.CASCADE, verbose_name=_("kind"), null=True, blank=True, related_name="+"
    )
    file = models.ForeignKey(StoredFile, models.PROTECT, verbose_name=_("file"), related_name="+")
    table = models.ForeignKey(StoredFile, models.SET_NULL, null=True, blank=True, related_name="+")
    by = models.ForeignKey("crm.User", models.CASCADE, verbose_name=_("by"), related_name="+")
    format = models.CharField(max_length=5, choices=Format, default=Format.CSV, db_default=Format.CSV)
    system = models.CharField(_("System the file comes from"), max_length=60, blank=True, default="", db_default="")
    encoding = models.CharField(max_length=20, blank=True)
    separator = models.CharField(max_length=1, blank=True)
    # Of a workbook: its sheets that hold something, and the one that is read.
    sheets = models.JSONField(default=list, db_default=[])
    sheet = models.CharField(_("Sheet"), max_length=100, blank=True, default="", db_default="")
    # The line with the column names; 0 when the file has none.
    header_line = models.PositiveSmallIntegerField(_("Column names are in line"), default=1, db_default=1)
    headers = models.JSONField(default=list)
    headers_key = models.CharField(max_length=64, blank=True, default="", db_default="")
    mapping = models.JSONField(default=dict)
    duplicates = models.CharField(_("People"), max_length=6, choices=Duplicates, default=Duplicates.UPDATE)
    match = models.JSONField(default=standard_keys, db_default=[])
    overwrites = models.BooleanField(_("Values of the file replace what stands here"), default=True, db_default=True)
    state = models.CharField(_("state"), max_length=7, choices=State, default=State.DRAFT)
    job = models.ForeignKey(Job, models.SET_NULL, null=True, blank=True, related_name="+")
    undo_job = models.ForeignKey(Job, models.SET_NULL, null=True, blank=True, related_name="+")
    counts = models.JSONField(default=dict)
    # What a dry run of the whole file found.
    check_job = models.ForeignKey(Job, models.SET_NULL, null=True, blank=True, related_name="+")
    check_counts = models.JSONField(default=dict, db_default={})
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    objects = ImportRunQuerySet.as_manager()

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        ordering = ["-created_at"]
        indexes = [
            models.Index(models.F("created_at").desc(), models.F("id").desc(), name="import_newest"),
            models.Index(fields=["headers_key", "-created_at"], name="import_same_headers"),
        ]

    def __str__(self):
        return self.file.name

    def get_absolute_url(self):
        return reverse("contacts:import_show", args=[self.pk])

    @property
    def may_be_undone(self):
        """Whether it is over and rows of it stand here."""
        return self.state in {self.State.DONE, self.State.STOPPED}

    @property
    def separator_name(self):
        """What cuts the cells, in words."""
        return dict(self.SEPARATORS).get(self.separator, "")

    @property
    def source(self):
        """The table that is read."""
        return self.table or self.file

    @transaction.atomic
    def begin(self, *, by):
        """Start the job, once: two people who press at the same moment start one. Says whether this call did."""
        mine = ImportRun.objects.filter(pk=self.pk, state__in=[self.State.DRAFT, self.State.STOPPED])
        if not mine.update(state=self.State.RUNNING):
            return False
        name = "contacts.import_objects" if self.kind_id else "contacts.import"
        self.job = jobs.start(name, by=by, params={"import": self.pk}, subject=self.file.name)
        ImportRun.objects.filter(pk=self.pk).update(job=self.job)
        return True

    @transaction.atomic
    def begin_undo(self, *, by):
        """Start the undo, once, and never while the import goes on. Says whether this call did."""
        found = ImportRun.objects.select_for_update(of=["self"]).get(pk=self.pk)
        if not found.may_be_undone:
            return False
        params = {"import": self.pk, "was": found.state}
        self.state = self.State.UNDOING
        self.undo_job = jobs.start("contacts.import_undo", by=by, params=params, subject=self.file.name)
        self.save(update_fields=["state", "undo_job"])
        return True

    @transaction.atomic
    def begin_check(self, *, by):
        """Start a dry run of the whole file. Returns its job."""
        self.check_job = jobs.start("contacts.import_check", by=by, params={"import": self.pk}, subject=self.file.name)
        self.save(update_fields=["check_job"])
        return self.check_job

    def settle(self, state):
        """Note that the job is over, and how many rows became what."""
        found = self.rows.values_list("outcome").annotate(n=models.Count("pk"))
        self.state, self.finished_at = state, timezone.now()
        self.counts = dict.fromkeys(ImportedRow.Outcome.values, 0) | dict(found)
        kept_back = self.rows.exclude(outcome=ImportedRow.Outcome.FAILED).exclude(reason="").count()
        self.counts |= {"kept_back": kept_back} if kept_back else {}
        made = self.companies.filter(is_new=True).count()
        changed = self.companies.filter(is_new=False).count()
        self.counts |= ({"companies_created": made} if made else {}) | (
            {"companies_updated": changed} if changed else {}
        )
        self.save(update_fields=["state", "counts", "finished_at"])
