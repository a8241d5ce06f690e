"""Data quality: the rules, what each record scores by them, the figures of each day, and the queue in which gaps are mended."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from contacts.models.company import Company
from contacts.models.contact import Contact
from crm import audit


class Dimension(models.TextChoices):
    COMPLETENESS = "completeness", _("Completeness")
    VALIDITY = "validity", _("Validity")
    FRESHNESS = "freshness", _("Freshness")
    UNIQUENESS = "uniqueness", _("Uniqueness")
    CONSISTENCY = "consistency", _("Consistency")


class Kind(models.TextChoices):
    CONTACT = "contact", _("People")
    COMPANY = "company", _("Companies")


@audit.tracked(inserts=True)
class QualityRule(models.Model):
    """One thing that can be wrong with a record.

    `test` names a built-in check (`contacts.services.quality.checks`), or is "condition": then `tree` says which
    records are wrong. `field` is what a check looks at and where the gap is mended, `days` what the check counts in.
    """

    CONDITION = "condition"

    subject = models.CharField(_("kind of record"), max_length=7, choices=Kind)
    dimension = models.CharField(_("dimension"), max_length=12, choices=Dimension)
    test = models.CharField(_("check"), max_length=20)
    field = models.CharField(_("field"), max_length=40, blank=True)
    days = models.PositiveSmallIntegerField(_("days"), null=True, blank=True)
    tree = models.JSONField(_("condition"), default=dict, blank=True)
    weight = models.PositiveSmallIntegerField(_("weight"), default=10)
    is_on = models.BooleanField(_("in use"), default=True)
    team = models.ForeignKey(
        "crm.Team", models.CASCADE, verbose_name=_("only for the team"), null=True, blank=True, related_name="+"
    )
    name_en = models.CharField(_("words of the gap, English"), max_length=120, blank=True)
    name_ru = models.CharField(_("words of the gap, Russian"), max_length=120, blank=True)
    fix_en = models.CharField(_("what to do, English"), max_length=200, blank=True)
    fix_ru = models.CharField(_("what to do, Russian"), max_length=200, blank=True)
    position = models.PositiveSmallIntegerField(_("position"), default=100)

    class Meta:
        verbose_name = _("quality rule")
        verbose_name_plural = _("quality rules")
        ordering = ["subject", "position", "pk"]
        constraints = [models.CheckConstraint(condition=Q(weight__gte=1, weight__lte=1000), name="quality_rule_weighs")]

    def __str__(self):
        from contacts.services.quality import words

        return words.gap_of(self)

    @property
    def fix(self):
        """What to do about it, in words."""
        from contacts.services.quality import words

        return words.fix_of(self)

    def own_words(self, what):
        """What people wrote as “name” or “fix”, in the active language if they did, else in the other; "" for nothing."""
        written = [getattr(self, f"{what}_ru"), getattr(self, f"{what}_en")]
        first, second = written if (get_language() or "").startswith("ru") else reversed(written)
        return first or second


@audit.tracked()
class QualitySettings(models.Model):
    """One row: how much each dimension weighs, and from when on a source is called bad."""

    completeness = models.PositiveSmallIntegerField(Dimension.COMPLETENESS.label, default=40)
    validity = models.PositiveSmallIntegerField(Dimension.VALIDITY.label, default=30)
    freshness = models.PositiveSmallIntegerField(Dimension.FRESHNESS.label, default=10)
    uniqueness = models.PositiveSmallIntegerField(Dimension.UNIQUENESS.label, default=10)
    consistency = models.PositiveSmallIntegerField(Dimension.CONSISTENCY.label, default=10)
    source_least = models.PositiveIntegerField(
        _("Records a source must have brought"), default=30, help_text=_("Fewer say nothing about a source.")
    )
    source_share = models.PositiveSmallIntegerField(
        _("Bad records in percent"), default=20, help_text=_("A source is called bad when it is certainly above that.")
    )
    counted_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = _("settings of data quality")
        verbose_name_plural = _("settings of data quality")
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="quality_settings_are_one")]

    def __str__(self):
        return str(self._meta.verbose_name)

    @classmethod
    def get(cls):
        """The row, or its defaults."""
        return cls.objects.filter(pk=1).first() or cls(pk=1)

    @property
    def weights(self):
        """{dimension: weight}."""
        return {name: getattr(self, name) for name in Dimension.values}


def _score():
    return models.DecimalField(max_digits=4, decimal_places=1, null=True)


class RecordQuality(models.Model):
    """What a record scores: each dimension from 0 to 100, empty where no rule applies, and `total`, all of them weighed.

    `gaps` are the rules it breaks, `facts` what only the program can tell of its texts. Written by
    `contacts.services.quality.measuring` alone, which counts anew what triggers note. The record repeats `total`.
    A row may outlive its record for a moment. While `held_by` works on it in the queue nobody else is given it.
    """

    completeness = _score()
    validity = _score()
    freshness = _score()
    uniqueness = _score()
    consistency = _score()
    total = models.SmallIntegerField(default=0)
    facts = ArrayField(models.CharField(max_length=30), default=list)
    gaps = ArrayField(models.BigIntegerField(), default=list)
    measured_at = models.DateTimeField(default=timezone.now)
    held_by = models.BigIntegerField(null=True)
    held_until = models.DateTimeField(null=True)

    class Meta:
        abstract = True
        verbose_name = _("quality of a record")
        verbose_name_plural = _("quality of the records")
        indexes = [
            models.Index(fields=["total", "record"], name="%(class)s_worst"),
            GinIndex(fields=["gaps"], name="%(class)s_gaps"),
        ]

    def __str__(self):
        return f"{self.record_id}: {self.total}"


class ContactQuality(RecordQuality):
    record = models.OneToOneField(
        Contact, models.CASCADE, primary_key=True, db_constraint=False, related_name="measured"
    )


class CompanyQuality(RecordQuality):
    record = models.OneToOneField(
        Company, models.CASCADE, primary_key=True, db_constraint=False, related_name="measured"
    )


class QualityMark(models.Model):
    """A record to be measured anew; without a key all of that kind, those above `after` that is.

    Rows are only added by triggers, never found and changed: nobody waits here for anybody.
    """

    kind = models.CharField(max_length=7, choices=Kind)
    record_id = models.BigIntegerField(null=True)
    after = models.BigIntegerField(default=0, db_default=0)

    class Meta:
        verbose_name = _("record to be measured")
        verbose_name_plural = _("records to be measured")

    def __str__(self):
        return f"{self.kind} {self.record_id}"


class FixRun(models.Model):
    """One person's round through the queue of gaps: up to `size` records, one at a time.

    `acts` are what was done, the last one last: {"pk", "did": "mended" | "right" | "skipped", "changes": [[field, before,
    after]]}. `current` is the record in hand, held for this person.
    """

    by = models.ForeignKey("crm.User", models.CASCADE, verbose_name=_("by"), related_name="+")
    subject = models.CharField(_("kind of record"), max_length=7, choices=Kind)
    rule = models.ForeignKey(QualityRule, models.SET_NULL, verbose_name=_("gap"), null=True, related_name="+")
    size = models.PositiveSmallIntegerField(default=20)
    current = models.BigIntegerField(null=True)
    acts = models.JSONField(default=list)
    started_at = models.DateTimeField(_("begun"), default=timezone.now)
    finished_at = models.DateTimeField(_("finished"), null=True)

    class Meta:
        verbose_name = _("round of mending")
        verbose_name_plural = _("rounds of mending")
        indexes = [models.Index(fields=["by", "-started_at"], name="fixrun_latest")]

    def __str__(self):
        return f"{self.by_id} {self.started_at:%Y-%m-%d}"

    @property
    def done(self):
        return len(self.acts)

    @property
    def place(self):
        """Which of the records is in hand, from 1."""
        return min(self.done + 1, self.size)

    @property
    def mended(self):
        return self._count("mended")

    @property
    def right(self):
        return self._count("right")

    @property
    def skipped(self):
        return self._count("skipped")

    def _count(self, did):
        return sum(act["did"] == did for act in self.acts)


class QualityFigure(models.Model):
    """How good the data of a group of records were on a day: sums, from which any mean follows.

    `cut` says what the row is about: "owner" (with the team), "source", "segment" for the days of the past; "now" has one
    row for each owner, team and source, of the last count alone. `gaps` says how many records break each rule, `bad` how
    many are invalid or there twice.
    """

    class Cut(models.TextChoices):
        NOW = "now", _("now")
        OWNER = "owner", _("by owner")
        SOURCE = "source", _("by source")
        SEGMENT = "segment", _("by segment")

    day = models.DateField(_("day"))
    subject = models.CharField(_("kind of record"), max_length=7, choices=Kind)
    cut = models.CharField(max_length=7, choices=Cut)
    owner_id = models.BigIntegerField(null=True)
    team_id = models.BigIntegerField(null=True)
    source = models.CharField(_("source"), max_length=100, default="")
    segment_id = models.BigIntegerField(null=True)
    records = models.IntegerField()
    bad = models.IntegerField(default=0)
    total = models.BigIntegerField()
    completeness = models.DecimalField(max_digits=14, decimal_places=1, null=True)
    validity = models.DecimalField(max_digits=14, decimal_places=1, null=True)
    freshness = models.DecimalField(max_digits=14, decimal_places=1, null=True)
    uniqueness = models.DecimalField(max_digits=14, decimal_places=1, null=True)
    consistency = models.DecimalField(max_digits=14, decimal_places=1, null=True)
    # How many records have a score in each dimension, in the order of Dimension.
    scored = ArrayField(models.IntegerField(), default=list)
    gaps = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("figure of data quality")
        verbose_name_plural = _("figures of data quality")
        indexes = [models.Index(fields=["subject", "cut", "day"], name="qualityfigure_days")]

    def __str__(self):
        return f"{self.day} {self.cut} {self.records}"


class BadSource(models.Model):
    """A source that is called bad since a day; a row stays with `until_on` when it has become better."""

    subject = models.CharField(_("kind of record"), max_length=7, choices=Kind)
    source = models.CharField(_("source"), max_length=100)
    since_on = models.DateField(_("since"))
    until_on = models.DateField(_("until"), null=True)
    share = models.DecimalField(_("bad"), max_digits=4, decimal_places=1)

    class Meta:
        verbose_name = _("bad source")
        verbose_name_plural = _("bad sources")
        constraints = [
            models.UniqueConstraint(
                fields=["subject", "source"], condition=Q(until_on=None), name="bad_source_once_at_a_time"
            )
        ]

    def __str__(self):
        return self.source
