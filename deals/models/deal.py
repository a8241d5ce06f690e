"""Deals."""

import time
from decimal import Decimal

from django.contrib.postgres.indexes import GinIndex
from django.db import models, transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from contacts.models import Company, Contact
from crm import audit
from crm.access import Owned, OwnedQuerySet
from crm.events import record
from crm.models import Workspace
from crm.money import round_money
from crm.text import sort_key
from deals.amounts import note_amount
from deals.models.gate import StageGate, missing_for
from deals.models.pipeline import LossReason, Pipeline, Stage
from deals.totals import totals


class DealQuerySet(OwnedQuerySet):
    def open(self):
        return self.filter(state__in=[Stage.Kind.OPEN, Stage.Kind.HOLD])

    def for_card(self):
        """With what a card or row shows."""
        return self.select_related("contact", "company", "owner", "stage", "pipeline")

    def weighted(self):
        """Annotate `chance` (per cent: the deal's own, else the stage's) and `weight` (base amount by chance)."""
        return self.annotate(chance=Coalesce("probability", "stage__probability")).annotate(
            weight=F("amount_base") * F("chance") / Decimal(100)
        )


def top_of_lane():
    """Place before everything placed earlier: lanes count down with time."""
    return Decimal(f"{-time.time():.6f}")


@audit.tracked(exclude=["name_key", "next_step", "next_step_at", "position", "updated_at", "last_touch_at"])
class Deal(Owned):
    """A possible sale. It stands in a stage; `state` repeats the stage's kind, so that indexes see it.

    `amount` is before tax; None is unknown. With `amount_source` "lines" it follows the lines (`recount()`).
    `rate` turns it into the company's currency; it is frozen when the deal closes. `probability` is None unless a
    person has overridden the stage's. `next_step*` repeat the earliest open task.
    """

    access_kind = "deal"
    access_shared = True

    class AmountSource(models.TextChoices):
        MANUAL = "manual", _("by hand")
        LINES = "lines", _("from the lines")

    name = models.CharField(pgettext_lazy("of a thing", "name"), max_length=200)
    name_key = models.CharField(max_length=200, editable=False, default="", db_collation="C")
    contact = models.ForeignKey(
        Contact, models.SET_NULL, verbose_name=_("contact"), null=True, blank=True, related_name="deals"
    )
    company = models.ForeignKey(
        Company, models.SET_NULL, verbose_name=_("company"), null=True, blank=True, related_name="deals"
    )
    pipeline = models.ForeignKey(Pipeline, models.PROTECT, verbose_name=_("pipeline"), related_name="deals")
    stage = models.ForeignKey(Stage, models.PROTECT, verbose_name=_("stage"), related_name="deals")
    state = models.CharField(_("state"), max_length=4, choices=Stage.Kind, default=Stage.Kind.OPEN, editable=False)
    stage_at = models.DateTimeField(_("in the stage since"), default=timezone.now, editable=False)
    amount = models.DecimalField(_("amount"), max_digits=14, decimal_places=2, null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3)
    rate = models.DecimalField(_("rate"), max_digits=14, decimal_places=6, default=1)
    amount_base = models.DecimalField(
        _("amount in the company's currency"), max_digits=14, decimal_places=2, null=True, blank=True, editable=False
    )
    amount_source = models.CharField(
        _("amount is"), max_length=6, choices=AmountSource, default=AmountSource.MANUAL, editable=False
    )
    close_on = models.DateField(_("expected close"), null=True, blank=True)
    probability = models.PositiveSmallIntegerField(_("probability, %"), null=True, blank=True)
    next_step = models.CharField(_("next step"), max_length=200, blank=True, editable=False)
    next_step_at = models.DateTimeField(_("next step due"), null=True, blank=True, editable=False)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True, editable=False)
    loss_reason = models.ForeignKey(
        LossReason, models.PROTECT, verbose_name=_("loss reason"), null=True, blank=True, related_name="deals"
    )
    loss_note = models.TextField(_("what happened"), blank=True)
    competitor = models.CharField(_("competitor"), max_length=150, blank=True)
    source = models.CharField(_("source"), max_length=100, blank=True)
    custom = models.JSONField(_("further fields"), default=dict, blank=True, db_default={}, editable=False)
    position = models.DecimalField(max_digits=20, decimal_places=8, default=top_of_lane, editable=False)
    last_touch_at = models.DateTimeField(_("last touch"), default=timezone.now, editable=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    objects = DealQuerySet.as_manager()

    class Meta:
        verbose_name = _("deal")
        verbose_name_plural = _("deals")
        constraints = [
            models.CheckConstraint(condition=Q(probability=None) | Q(probability__lte=100), name="deal_probability"),
            models.CheckConstraint(condition=Q(rate__gt=0), name="deal_rate_positive"),
            models.CheckConstraint(condition=Q(amount=None) | Q(amount__gte=0), name="deal_amount_positive"),
            models.CheckConstraint(
                condition=Q(state__in=["won", "lost"], closed_at__isnull=False)
                | Q(state__in=["open", "hold"], closed_at=None),
                name="deal_closed_when_decided",
            ),
            models.CheckConstraint(condition=~Q(state="lost") | Q(loss_reason__isnull=False), name="deal_lost_why"),
        ]
        indexes = [
            models.Index(fields=["stage", "position", "id"], name="deal_lane"),
            models.Index(
                fields=["pipeline", "stage"],
                include=["amount_base", "probability", "owner", "team"],
                condition=Q(state__in=["open", "hold"]),
                name="deal_board",
            ),
            models.Index(F("created_at").desc(), F("id").desc(), name="deal_newest"),
            models.Index(fields=["name_key", "id"], name="deal_by_name"),
            models.Index(fields=["amount_base", "id"], name="deal_by_amount"),
            models.Index(fields=["close_on", "id"], name="deal_by_close"),
            models.Index(fields=["closed_at", "id"], condition=Q(closed_at__isnull=False), name="deal_closed"),
            models.Index(fields=["close_on", "id"], condition=Q(closed_at=None), name="deal_due"),
            models.Index(fields=["owner", "next_step_at", "id"], condition=Q(closed_at=None), name="deal_steps"),
            # Who has an open deal, and who has none.
            models.Index(
                fields=["contact", "created_at"], condition=Q(state__in=["open", "hold"]), name="deal_open_contact"
            ),
            models.Index(
                fields=["company", "created_at"], condition=Q(state__in=["open", "hold"]), name="deal_open_company"
            ),
            models.Index(fields=["contact", "-id"], name="deal_of_contact"),
            models.Index(fields=["company", "-id"], name="deal_of_company"),
            GinIndex(name="deal_name_trgm", fields=["name_key"], opclasses=["gin_trgm_ops"]),
        ]

    def __str__(self):
        return self.name

    def save(self, *args, **kwargs):
        self.name_key = sort_key(self.name)
        self.currency = self.currency or Workspace.get().currency
        self.amount_base = None if self.amount is None else round_money(self.amount * self.rate)
        super().save(*args, **kwargs)

    def get_absolute_url(self):
        return reverse("deals:deal_show", args=[self.pk])

    @property
    def is_open(self):
        return self.closed_at is None

    @property
    def customer(self):
        """The company, else the person, else None."""
        return self.company or self.contact

    @property
    def chance_percent(self):
        """Probability that counts: the deal's own, else the stage's."""
        return self.stage.probability if self.probability is None else self.probability

    @property
    def days_in_stage(self):
        return max(0, ((self.closed_at or timezone.now()) - self.stage_at).days)

    @property
    def is_rotting(self):
        limit = self.stage.rot_days
        return self.is_open and limit is not None and self.days_in_stage > limit

    @property
    def totals(self):
        """Sums of the lines."""
        return totals(self.lines.all(), self.currency)

    @transaction.atomic
    def begin(self, *, by=None, source="ui", at=None):
        """Save a new deal with its first stay and say so in the stream."""
        self.pipeline_id, self.state, self.stage_at = self.stage.pipeline_id, self.stage.kind, at or timezone.now()
        self.save()
        self._enter(None, by=by, source=source)
        self._record("deal.created", by, amount=self._amount_text(), stage=str(self.stage))
        return self

    @transaction.atomic
    def move_to(self, stage, *, by=None, filling=None, source="ui", position=None):
        """Move to another stage, also of another pipeline. Where it already is, only the place in the lane changes.

        `filling` gives values for fields the stage asks for. Raises StageGate when some are still empty; nothing has
        changed then. Winning makes the order; leaving a won stage cancels it.
        """
        self._lock()
        before = self.stage
        if before == stage:
            self._put(position)
            return
        if missing := missing_for(self, stage, filling):
            raise StageGate(stage, missing)
        for name, value in (filling or {}).items():
            self._fill(name, value, by)
        now = timezone.now()
        self._leave(now)
        self.stage, self.pipeline_id, self.state, self.stage_at = stage, stage.pipeline_id, stage.kind, now
        self.closed_at = now if stage.is_closed else None
        if stage.kind != Stage.Kind.LOST:
            self.loss_reason = None
        self.position = top_of_lane() if position is None else position
        self.last_touch_at = now
        self.save()
        self._enter(before, by=by, source=source)
        self._tell(before, stage, by)

    def win(self, *, by=None, filling=None):
        """Close as won. Winning what is won records nothing."""
        if self.state != Stage.Kind.WON:
            self.move_to(self._stage_of(Stage.Kind.WON), by=by, filling=filling)

    def lose(self, reason, *, by=None, note="", competitor=""):
        """Close as lost, with the reason."""
        if self.state == Stage.Kind.LOST:
            return
        filling = {"loss_reason": reason, "loss_note": note}
        if competitor:
            filling["competitor"] = competitor
        self.move_to(self._stage_of(Stage.Kind.LOST), by=by, filling=filling)

    def reopen(self, *, by=None):
        """Take a closed deal back to the open stage where it was last, else to the first one."""
        if self.is_open:
            return
        last = self.stays.filter(stage__pipeline=self.pipeline, stage__kind=Stage.Kind.OPEN).order_by("-entered_at")
        stay = last.select_related("stage").first()
        stage = stay.stage if stay else self._stage_of(Stage.Kind.OPEN)
        # What the stage asks for was given when the deal stood there; asking again would lock the door from inside.
        filling = {name: "–" for name in missing_for(self, stage) if name in {"competitor", "source"}}
        self.move_to(stage, by=by, filling=filling)

    def recount(self, *, by=None):
        """Let the amount follow the lines: once for each change of them. Without lines the last amount stays."""
        before = self.amount
        lines = list(self.lines.all())
        self.amount_source = self.AmountSource.LINES if lines else self.AmountSource.MANUAL
        if lines:
            self.amount = totals(lines, self.currency).net
        self.save(update_fields=["amount", "amount_base", "amount_source", "name_key", "currency", "updated_at"])
        if before != self.amount:
            note_amount(self, before, self.amount, by=by)

    def refresh_next_step(self):
        """Repeat the earliest open task on the deal."""
        from contacts.models import Task

        rows = Task.objects.filter(target_type="deals.deal", target_id=self.pk, done_at=None)
        task = rows.order_by(F("due_at").asc(nulls_last=True), "pk").first()
        self.next_step, self.next_step_at = (task.title, task.due_by) if task else ("", None)
        Deal.objects.filter(pk=self.pk).update(next_step=self.next_step, next_step_at=self.next_step_at)

    def _lock(self):
        """Take the row as it is now, so that two people who move it at once do so one after the other."""
        # Without joins: after the wait the database would hold the changed row against the former stage and find none.
        fresh = Deal.objects.select_for_update().get(pk=self.pk)
        for field in self._meta.concrete_fields:
            setattr(self, field.attname, getattr(fresh, field.attname))

    def _put(self, position):
        if position is not None and position != self.position:
            self.position = position
            Deal.objects.filter(pk=self.pk).update(position=position)

    def _fill(self, name, value, by):
        if name == "next_step":
            from deals.services.steps import plan_step

            plan_step(self, value, by=by)
        else:
            setattr(self, name, value)

    def _leave(self, now):
        stay = self.stays.filter(left_at=None).first()
        if stay:
            stay.left_at = max(now, stay.entered_at)
            stay.seconds = int((stay.left_at - stay.entered_at).total_seconds())
            stay.save(update_fields=["left_at", "seconds"])

    def _enter(self, before, *, by, source):
        self.stays.create(
            stage=self.stage,
            came_from=before,
            entered_at=self.stage_at,
            by=by,
            source=source,
            amount_base=self.amount_base,
            close_on=self.close_on,
        )

    def _tell(self, before, stage, by):
        from deals.services import orders

        self._record(
            "deal.stage_changed", by, before=before.name, after=stage.name, before_id=before.pk, after_id=stage.pk
        )
        if before.kind == Stage.Kind.WON:
            orders.cancel_order_of(self, by=by)
        if stage.kind == Stage.Kind.WON:
            self._record("deal.won", by, amount=self._amount_text(), currency=self.currency)
            orders.order_from(self, by=by)
        elif stage.kind == Stage.Kind.LOST:
            self._record("deal.lost", by, reason=str(self.loss_reason), amount=self._amount_text())
        elif before.is_closed:
            self._record("deal.reopened", by)

    def _record(self, kind, by, **data):
        return record(kind, contact=self.contact, company=self.company, target=self, actor=by, **data)

    def _amount_text(self):
        return "" if self.amount is None else f"{self.amount:.2f}"

    def _stage_of(self, kind):
        stage = self.pipeline.stage_of_kind(kind)
        if stage is None:
            raise Stage.DoesNotExist(kind)
        return stage
