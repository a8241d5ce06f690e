"""Next steps: tasks that stand on a deal."""

from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.db.models import F, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from contacts.models import Task
from contacts.models.task import DUE_BY
from contacts.services.tasks import create_task
from deals.models.deal import Deal


@transaction.atomic
def plan_step(deal, title, *, by=None, due_at=None, kind=Task.Kind.TASK, key=None, is_hot=False):
    """Give the deal's owner a task, due tomorrow unless told. The same `key` never makes two: then None."""
    task = create_task(
        owner=deal.owner or by,
        title=title,
        by=by,
        contact=deal.contact,
        target=deal,
        key=key,
        kind=kind,
        is_hot=is_hot,
        due_at=due_at or timezone.now() + timedelta(days=1),
    )
    deal.refresh_next_step()
    return task


def repeat_on(pks):
    """Tasks of these deals were made, moved, done or deleted: each repeats its earliest open one."""
    for deal in Deal.objects.filter(pk__in=pks):
        deal.refresh_next_step()


def refresh_stale_steps(*, limit=1000):
    """Repeat the earliest open task on open deals that say otherwise. Returns how many were mended."""
    never = Value(datetime(9999, 1, 1, tzinfo=UTC))
    tasks = Task.objects.filter(target_type="deals.deal", target_id=OuterRef("pk"), done_at=None)
    first = tasks.order_by(F("due_at").asc(nulls_last=True), "pk")
    rows = Deal.objects.filter(closed_at=None).annotate(
        title=Coalesce(Subquery(first.values("title")[:1]), Value("")),
        due=Coalesce(Subquery(first.values(last_due=DUE_BY)[:1]), never),
        shown_due=Coalesce("next_step_at", never),
    )
    stale = list(rows.filter(~Q(next_step=F("title")) | ~Q(shown_due=F("due")))[:limit])
    for deal in stale:
        deal.refresh_next_step()
    return len(stale)
