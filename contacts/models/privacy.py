"""What people may ask of their data, what was erased, and how long anything is kept."""

import uuid
from datetime import timedelta

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.models.consent import LANGUAGES, Law
from contacts.models.contact import Contact
from crm import audit, keys
from crm.access import OwnedQuerySet

# So long a copy of somebody's data waits to be fetched.
EXPORT_KEPT = timedelta(days=7)
# No rule looks further back: nothing is kept for longer, and a calendar has a beginning.
MOST_YEARS = 100


class LegalHold(models.Model):
    """Why a person may not be erased: a lawsuit, an audit, a claim. Nothing of theirs is swept away meanwhile."""

    contact = models.OneToOneField(Contact, models.CASCADE, related_name="legal_hold")
    reason = models.CharField(_("reason"), max_length=300)
    by = models.ForeignKey("crm.User", models.SET_NULL, verbose_name=_("by"), null=True, blank=True, related_name="+")
    at = models.DateTimeField(_("since"), default=timezone.now)

    class Meta:
        verbose_name = _("legal hold")
        verbose_name_plural = _("legal holds")

    def __str__(self):
        return self.reason


class Erasure(models.Model):
    """Proof that a person's data is gone, and the list by which a restored backup is cleansed again.

    It holds nothing of the person: the numbers under which the record stood, keyed hashes, and how many rows of which
    kind went. Finished ones are a chain, each sealed with the hash of the one before; the database refuses changes.
    """

    class Cause(models.TextChoices):
        REQUEST = "request", _("asked by the person")
        RULE = "rule", _("rule of retention")
        REPLAY = "replay", _("repeated after a restore")

    access_kind = "privacy"

    uuid = models.UUIDField(_("number"), default=uuid.uuid4, unique=True, editable=False)
    numbers = ArrayField(models.BigIntegerField())
    prints = ArrayField(models.CharField(max_length=64), default=list)
    digests = ArrayField(models.CharField(max_length=64), default=list)
    cause = models.CharField(_("why"), max_length=7, choices=Cause, default=Cause.REQUEST)
    by = models.ForeignKey("crm.User", models.SET_NULL, null=True, blank=True, related_name="+")
    by_name = models.CharField(_("by"), max_length=200, blank=True)
    started_at = models.DateTimeField(_("begun"), default=timezone.now)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    counts = models.JSONField(_("what became of it"), default=dict)
    mentions = models.JSONField(_("still named in"), default=dict)
    # Keys of the rows to be erased, as they were found: one that was broken off goes on with the same.
    plan = models.JSONField(default=dict)
    # Paths of files whose rows are gone and which the storage still holds.
    leftover = models.JSONField(default=list)
    previous = models.CharField(max_length=64, blank=True, default="", editable=False)
    digest = models.CharField(max_length=64, blank=True, default="", editable=False)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("erasure")
        verbose_name_plural = _("erasures")
        triggers = [
            pgtrigger.Protect(
                name="sealed",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "(OLD.digest <> '' AND (OLD.uuid, OLD.numbers, OLD.prints, OLD.digests, OLD.cause, OLD.by_name, OLD.started_at,"
                    " OLD.finished_at, OLD.counts, OLD.mentions, OLD.previous, OLD.digest) IS DISTINCT FROM (NEW.uuid, NEW.numbers,"
                    " NEW.prints, NEW.digests, NEW.cause, NEW.by_name, NEW.started_at, NEW.finished_at, NEW.counts, NEW.mentions,"
                    " NEW.previous, NEW.digest))"
                ),
            )
        ]

    def __str__(self):
        return str(self.uuid)

    def get_absolute_url(self):
        return reverse("contacts:erasure", args=[self.pk])

    @property
    def rows_gone(self):
        return self._rows("erased")

    @property
    def rows_anonymised(self):
        return self._rows("anonymised")

    @property
    def rows_redacted(self):
        return self._rows("redacted")

    def _rows(self, act):
        return sum(kinds.get(act, 0) for kinds in self.counts.values())


class ErasedAddress(models.Model):
    """An address or phone of somebody who was erased, as keyed hash: an import does not bring the person back."""

    digest = models.CharField(max_length=64, unique=True)
    erasure = models.ForeignKey(Erasure, models.SET_NULL, null=True, related_name="addresses")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("address of an erased person")
        verbose_name_plural = _("addresses of erased people")

    def __str__(self):
        return self.digest[:12]

    @staticmethod
    def digest_of(norm):
        """The hash of a normalised address or phone."""
        return keys.lasting_digest(norm)

    @classmethod
    def known(cls, norms):
        """{norm: day} of those that belonged to an erased person."""
        # Most companies have erased nobody, and hashing costs more than this question.
        if not norms or not cls.objects.exists():
            return {}
        norms = {cls.digest_of(norm): norm for norm in norms if norm}
        rows = cls.objects.filter(digest__in=norms).values_list("digest", "at")
        return {norms[digest]: timezone.localdate(at) for digest, at in rows}


class PrivacyRequestQuerySet(OwnedQuerySet):
    def for_card(self):
        return self.select_related("contact", "owner", "by", "job", "file", "erasure")


@audit.tracked()
class PrivacyRequest(models.Model):
    """Somebody asks for a copy of their data, or that it be erased; the law sets a day by which it is done."""

    class Kind(models.TextChoices):
        EXPORT = "export", _("copy of the data")
        ERASURE = "erasure", _("erasure")

    class State(models.TextChoices):
        OPEN = "open", _("to do")
        RUNNING = "running", _("at work")
        DONE = "done", _("done")
        REFUSED = "refused", _("refused")

    OPEN = (State.OPEN, State.RUNNING)
    access_kind = "privacy"

    kind = models.CharField(_("kind"), max_length=7, choices=Kind)
    contact = models.ForeignKey(
        Contact, models.SET_NULL, verbose_name=_("contact"), null=True, blank=True, related_name="privacy_requests"
    )
    person = models.CharField(_("person"), max_length=320, blank=True)
    law = models.CharField(_("law"), max_length=4, choices=Law, default=Law.GDPR)
    language = models.CharField(_("language"), max_length=2, choices=LANGUAGES, default="en")
    channel = models.CharField(_("how it came"), max_length=100, blank=True)
    note = models.TextField(_("what was asked"), blank=True)
    received_on = models.DateField(_("received"), default=timezone.localdate)
    due_on = models.DateField(_("to be done by"))
    owner = models.ForeignKey(
        "crm.User", models.SET_NULL, verbose_name=_("who sees to it"), null=True, blank=True, related_name="+"
    )
    state = models.CharField(_("state"), max_length=7, choices=State, default=State.OPEN)
    answer = models.CharField(_("reason of the refusal"), max_length=300, blank=True)
    job = models.ForeignKey("crm.Job", models.SET_NULL, null=True, blank=True, related_name="+")
    file = models.ForeignKey("crm.StoredFile", models.SET_NULL, null=True, blank=True, related_name="+")
    file_until = models.DateTimeField(_("copy kept until"), null=True, blank=True)
    erasure = models.ForeignKey(
        Erasure, models.SET_NULL, verbose_name=_("certificate"), null=True, blank=True, related_name="requests"
    )
    by = models.ForeignKey("crm.User", models.SET_NULL, verbose_name=_("noted by"), null=True, related_name="+")
    created_at = models.DateTimeField(_("noted"), default=timezone.now)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)

    objects = PrivacyRequestQuerySet.as_manager()

    class Meta:
        verbose_name = _("request about personal data")
        verbose_name_plural = _("requests about personal data")
        indexes = [
            models.Index(fields=["due_on"], condition=Q(state__in=("open", "running")), name="privacy_due"),
            models.Index(fields=["file_until"], condition=Q(file__isnull=False), name="privacy_files"),
        ]

    def __str__(self):
        return self.person or f"№ {self.pk}"

    def get_absolute_url(self):
        return reverse("contacts:privacy_show", args=[self.pk])

    @property
    def is_open(self):
        return self.state in self.OPEN

    @property
    def is_late(self):
        return self.is_open and self.due_on < timezone.localdate()

    @property
    def has_file(self):
        """Whether the copy can still be fetched."""
        return bool(self.file_id and self.file_until and self.file_until > timezone.now())


@audit.tracked()
class RetentionRule(models.Model):
    """How long one kind of record is kept. It does nothing until it is switched on."""

    class Act(models.TextChoices):
        PEOPLE = "people", _("erase people")
        RAW_LETTERS = "raw_letters", _("delete letters as they were received")
        VISITS = "visits", _("delete visits of pages")
        EXPORTS = "exports", _("delete exported files")

    name = models.CharField(_("name"), max_length=150)
    act = models.CharField(_("what is done"), max_length=20, choices=Act)
    tree = models.JSONField(_("only"), default=dict, blank=True)
    months = models.PositiveSmallIntegerField(
        _("kept for … months"), default=24, validators=[MaxValueValidator(MOST_YEARS * 12)]
    )
    bought_within = models.PositiveSmallIntegerField(
        _("but not who bought within … years"), default=5, help_text=_("0: purchases do not matter."),
        validators=[MaxValueValidator(MOST_YEARS)],
    )  # fmt: skip
    daily = models.PositiveIntegerField(_("at most … a day"), default=1000)
    is_on = models.BooleanField(_("switched on"), default=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("rule of retention")
        verbose_name_plural = _("rules of retention")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=Q(months__gte=1), name="retention_some_time"),
            models.CheckConstraint(condition=Q(daily__gte=1), name="retention_some_a_day"),
        ]

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return reverse("contacts:retention_edit", args=[self.pk])

    @property
    def meaning(self):
        """What it does, apart from name and switch: another meaning has to be tried anew."""
        return self.act, self.tree, self.months, self.bought_within, self.daily


class RetentionRun(models.Model):
    """What a rule did in one night, or would have done."""

    class Fault(models.TextChoices):
        CONDITION = "condition", _("its condition asks about something that is not there any more")
        FAILED = "failed", _("something went wrong; the log of the program says what")

    rule = models.ForeignKey(RetentionRule, models.CASCADE, related_name="runs")
    day = models.DateField(_("day"), default=timezone.localdate)
    found = models.PositiveIntegerField(_("found"), default=0)
    done = models.PositiveIntegerField(_("done"), default=0)
    spared = models.PositiveIntegerField(_("spared"), default=0)
    is_trial = models.BooleanField(_("trial"), default=False)
    # Why it came to nothing, or broke off.
    fault = models.CharField(max_length=10, choices=Fault, blank=True, default="", db_default="")
    # [[number of a person, reason]] of those whom it found and had to leave.
    left = models.JSONField(_("had to be left"), default=list, db_default=[])
    at = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        verbose_name = _("run of a rule of retention")
        verbose_name_plural = _("runs of rules of retention")
        ordering = ["-at", "-pk"]

    def __str__(self):
        return f"{self.rule} {self.day}"
