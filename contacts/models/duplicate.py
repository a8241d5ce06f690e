"""Pairs of records that may be one: found by the nightly scan, decided by people."""

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.models.company import Company
from contacts.models.contact import Contact
from crm import access, audit


class PairQuerySet(models.QuerySet):
    """Pairs of which a user may see both; deciding asks for the right to change both."""

    def visible_to(self, user):
        return self._both(user, "view")

    def editable_by(self, user):
        return self._both(user, "edit")

    def mergeable_by(self, user):
        """Pairs of which the user may change both and delete at least one."""
        one = self.model.record()._base_manager
        gone = access.predicate(self.model.record(), user, "delete")
        rows = self.editable_by(user)
        if gone is None:
            return rows
        mine = one.filter(gone)
        return rows.filter(Q(first__in=mine) | Q(second__in=mine))

    def with_rights(self, user):
        """Annotate `can_edit` in the same query."""
        mine = self.model.objects.all()._both(user, "edit").filter(pk=models.OuterRef("pk"))
        return self.annotate(can_edit=models.Exists(mine))

    def open(self):
        return self.filter(state=DuplicatePair.State.OPEN)

    def of(self, one, other):
        """The pair of two records, in whatever order they are given."""
        first, second = sorted([one, other])
        return self.filter(first=first, second=second)

    def for_card(self):
        return self.select_related("first", "second")

    def _both(self, user, act):
        condition = access.predicate(self.model.record(), user, act)
        if condition is None:
            return self
        mine = self.model.record()._base_manager.filter(condition)
        return self.filter(first__in=mine, second__in=mine)


class DuplicatePair(models.Model):
    """Two records, the older number first. `reasons` are [field, "same" | "alike" | "other"], strongest first.

    `cluster` is the lowest number of all records that hang together by open pairs. A pair that somebody called never
    the same stays, so that the scan does not offer it again.
    """

    class State(models.TextChoices):
        OPEN = "open", _("to decide")
        NEVER = "never", _("never the same")

    score = models.FloatField(_("score"))
    reasons = models.JSONField(_("reasons"), default=list)
    state = models.CharField(_("state"), max_length=5, choices=State, default=State.OPEN)
    cluster = models.BigIntegerField(null=True)
    by = models.ForeignKey("crm.User", models.SET_NULL, verbose_name=_("by"), null=True, blank=True, related_name="+")
    found_at = models.DateTimeField(_("found"), default=timezone.now)
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)

    objects = PairQuerySet.as_manager()

    class Meta:
        abstract = True
        verbose_name = _("likely duplicate")
        verbose_name_plural = _("likely duplicates")
        constraints = [
            models.UniqueConstraint(fields=["first", "second"], name="%(class)s_once"),
            models.CheckConstraint(condition=Q(first__lt=F("second")), name="%(class)s_in_order"),
        ]
        indexes = [
            models.Index(F("score").desc(), F("id").desc(), condition=Q(state="open"), name="%(class)s_surest"),
        ]

    def __str__(self):
        return f"{self.first} = {self.second}"

    @classmethod
    def record(cls):
        """The model that the pairs are of."""
        return cls._meta.get_field("first").related_model

    def decide(self, *, by):
        """Note that the two are never the same, whatever the scan says."""
        self.state, self.by, self.decided_at = self.State.NEVER, by, timezone.now()
        self.save(update_fields=["state", "by", "decided_at"])

    def merge_url_for(self, user):
        """Where both stand side by side; the one that goes is one that the user may delete, the younger if possible."""
        kept, gone, model = self.first_id, self.second_id, self.record()
        condition = access.predicate(model, user, "delete")
        if condition is not None and not model._base_manager.filter(condition, pk=gone).exists():
            kept, gone = gone, kept
        return reverse("contacts:merge_new", args=[self.access_kind, kept, gone])


class ContactPair(DuplicatePair):
    access_kind = "contact"

    first = models.ForeignKey(Contact, models.CASCADE, related_name="+")
    second = models.ForeignKey(Contact, models.CASCADE, related_name="+")


class CompanyPair(DuplicatePair):
    access_kind = "company"

    first = models.ForeignKey(Company, models.CASCADE, related_name="+")
    second = models.ForeignKey(Company, models.CASCADE, related_name="+")


class Candidate(models.Model):
    """Two people whom the scan is about to compare. Numbers, not keys: it does not mind who is gone by then.

    `run` is whose candidate it is: two searches at once, or one that was taken up again while it still ran, do not take
    each other's.
    """

    run = models.UUIDField(null=True)
    first_id = models.BigIntegerField()
    second_id = models.BigIntegerField()

    class Meta:
        verbose_name = _("pair to compare")
        verbose_name_plural = _("pairs to compare")
        constraints = [models.UniqueConstraint(fields=["run", "first_id", "second_id"], name="candidate_once")]

    def __str__(self):
        return f"{self.first_id} {self.second_id}"


@audit.tracked(exclude=["scanned_to"])
class DuplicateSettings(models.Model):
    """One row: whether sure pairs are merged by themselves, and up to when records have been compared."""

    is_automatic = models.BooleanField(
        _("Merge by itself what is certain"),
        default=False,
        help_text=_("Only pairs above the bar, each with undo for 30 days. Everything else waits for you."),
    )
    least_score = models.FloatField(_("from a score of"), default=0.999)
    scanned_to = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("settings of duplicates")
        verbose_name_plural = _("settings of duplicates")
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="duplicate_settings_are_one")]

    def __str__(self):
        return str(self._meta.verbose_name)

    @classmethod
    def get(cls):
        """The row, or its defaults."""
        return cls.objects.filter(pk=1).first() or cls(pk=1)
