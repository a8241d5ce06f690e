"""What the figures are counted from: one narrow row for each purchase, deal and request.

The database itself notes every change of the records in `DirtyFact` (triggers of migration 0002, so that bulk updates,
merges and raw SQL are seen too); `analytics.services.facts` writes the noted facts anew. Nobody else writes here. Keys are plain
numbers without a constraint: a fact may outlive its record for the moment until it is counted anew.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _


class OrderFact(models.Model):
    """A paid order that was not cancelled. `first_at` is when its buyer first paid anything, `is_first` that it was this one."""

    order_id = models.BigIntegerField(primary_key=True)
    contact_id = models.BigIntegerField(null=True)
    owner_id = models.BigIntegerField(null=True)
    team_id = models.BigIntegerField(null=True)
    paid_at = models.DateTimeField()
    first_at = models.DateTimeField(null=True)
    is_first = models.BooleanField(default=False)
    amount_base = models.DecimalField(max_digits=14, decimal_places=2)

    class Meta:
        verbose_name = _("purchase as counted")
        verbose_name_plural = _("purchases as counted")
        indexes = [
            models.Index(
                fields=["paid_at"],
                include=["contact_id", "amount_base", "owner_id", "team_id", "first_at", "is_first"],
                name="orderfact_paid",
            ),
            models.Index(fields=["contact_id"], name="orderfact_contact"),
        ]

    def __str__(self):
        return str(self.order_id)


class DealFact(models.Model):
    """A deal. `reached` is the highest place of an open stage of its pipeline that it has stood in."""

    deal_id = models.BigIntegerField(primary_key=True)
    pipeline_id = models.BigIntegerField()
    owner_id = models.BigIntegerField(null=True)
    team_id = models.BigIntegerField(null=True)
    state = models.CharField(max_length=4)
    reached = models.IntegerField()
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    amount_base = models.DecimalField(max_digits=14, decimal_places=2, null=True)

    class Meta:
        verbose_name = _("deal as counted")
        verbose_name_plural = _("deals as counted")
        indexes = [
            models.Index(
                fields=["pipeline_id", "created_at"],
                include=["state", "reached", "owner_id", "team_id"],
                name="dealfact_opened",
            ),
            models.Index(
                fields=["closed_at"],
                include=["state", "amount_base", "pipeline_id", "owner_id", "team_id"],
                condition=models.Q(closed_at__isnull=False),
                name="dealfact_closed",
            ),
        ]

    def __str__(self):
        return str(self.deal_id)


class TicketFact(models.Model):
    """A request with a first response or a solution; `*_work` and `*_calendar` are seconds since its receipt."""

    ticket_id = models.BigIntegerField(primary_key=True)
    mailbox_id = models.BigIntegerField(null=True)
    owner_id = models.BigIntegerField(null=True)
    team_id = models.BigIntegerField(null=True)
    answered_at = models.DateTimeField(null=True)
    answer_work = models.IntegerField(null=True)
    answer_calendar = models.FloatField(null=True)
    solved_at = models.DateTimeField(null=True)
    solution_work = models.IntegerField(null=True)
    solution_calendar = models.FloatField(null=True)
    reopened = models.BooleanField()

    class Meta:
        verbose_name = _("request as counted")
        verbose_name_plural = _("requests as counted")
        indexes = [
            models.Index(
                fields=["solved_at"],
                include=["solution_work", "solution_calendar", "reopened", "mailbox_id", "owner_id", "team_id"],
                condition=models.Q(solved_at__isnull=False),
                name="ticketfact_solved",
            ),
            models.Index(
                fields=["answered_at"],
                include=["answer_work", "answer_calendar", "mailbox_id", "owner_id", "team_id"],
                condition=models.Q(answered_at__isnull=False),
                name="ticketfact_answered",
            ),
            *(
                models.Index(fields=[measure, at], name=f"fact_{measure}")
                for measure, at in (
                    ("solution_work", "solved_at"),
                    ("solution_calendar", "solved_at"),
                    ("answer_work", "answered_at"),
                    ("answer_calendar", "answered_at"),
                )
            ),
        ]

    def __str__(self):
        return str(self.ticket_id)


class CohortCell(models.Model):
    """How many people first bought in one quarter and bought in another; both are first days, in the company's zone."""

    pk = models.CompositePrimaryKey("joined_on", "bought_on")
    joined_on = models.DateField()
    bought_on = models.DateField()
    people = models.IntegerField()
    revenue_base = models.DecimalField(max_digits=16, decimal_places=2)

    class Meta:
        verbose_name = _("cell of the cohorts")
        verbose_name_plural = _("cells of the cohorts")

    def __str__(self):
        return f"{self.joined_on} {self.bought_on}"


class TimeCell(models.Model):
    """How many requests of a month, in the company's zone, took how long: `place` is that of `services.times.BOUNDS`.

    `measure` is a column of TicketFact, or "reopened". Place 0 holds those without a value.
    """

    pk = models.CompositePrimaryKey("month_on", "measure", "place")
    month_on = models.DateField()
    measure = models.CharField(max_length=20)
    place = models.SmallIntegerField()
    n = models.IntegerField()

    class Meta:
        verbose_name = _("cell of the times")
        verbose_name_plural = _("cells of the times")

    def __str__(self):
        return f"{self.month_on} {self.measure} {self.place}"


class DirtyFact(models.Model):
    """A record whose fact must be written anew. Without a key: all of that kind.

    Rows are only added, never found and changed: two transactions that write the same record's neighbour never wait
    for each other here. A key noted twice is counted once.
    """

    kind = models.CharField(max_length=6)  # order | deal | ticket
    record_id = models.BigIntegerField(null=True)

    class Meta:
        verbose_name = _("fact to be counted anew")
        verbose_name_plural = _("facts to be counted anew")

    def __str__(self):
        return f"{self.kind} {self.record_id}"


class FactState(models.Model):
    """One row: the zone the cohorts were cut in, and what the last nightly check found."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    zone = models.CharField(max_length=64, default="")
    checked_at = models.DateTimeField(null=True)
    differences = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("state of the facts")
        verbose_name_plural = _("states of the facts")

    def __str__(self):
        return self.zone
