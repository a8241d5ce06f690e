"""The next step that stands on every card: the one place that keeps it right.

Whoever makes, moves, finishes, gives away or deletes a task calls `refresh` with the task as it was and as it is.
"""

from collections import defaultdict

from django.db.models import F, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce

from contacts.models import Company, Contact, Task
from contacts.models.task import DUE_BY
from crm import registry

BATCH = 1000


def refresh(*tasks):
    """Let the records of these tasks repeat their earliest open one."""
    holders = defaultdict(set)
    for task in tasks:
        for label, pk in holders_of(task):
            holders[label].add(pk)
    for label, pks in holders.items():
        target = registry.work_target_of(label)
        if target:
            target.refresh(pks)


def holders_of(task):
    """{(model label, key)} of the records on whose cards a task may stand."""
    found = {("contacts.contact", task.contact_id), ("contacts.company", task.company_id)}
    found.add((task.target_type, task.target_id))
    return {(label, pk) for label, pk in found if label and pk}


def repeat_on_contacts(pks):
    _repeat(Contact, "contact", pks)


def repeat_on_companies(pks):
    _repeat(Company, "company", pks)


def mend():
    """Put right what was changed past the services (by SQL, by a merge). Returns how many cards were wrong."""
    mended = 0
    for model, link in ((Contact, "contact"), (Company, "company")):
        wrong = list(_stale(model, link)[:BATCH])
        _repeat(model, link, wrong)
        mended += len(wrong)
    return mended


def repeat_on_targets(model, pks):
    """The same for records of a higher app, which tasks name by model and key; they have the two fields too."""
    if pks:
        rows = {"target_type": model._meta.label_lower, "target_id": OuterRef("pk")}
        model._base_manager.filter(pk__in=pks).update(**_first(**rows))


def _first(**whose):
    rows = Task.objects.filter(done_at=None, due_at__isnull=False, **whose).order_by("due_at", "pk")
    return {
        "next_step": Coalesce(Subquery(rows.values("title")[:1]), Value("")),
        "next_step_at": Subquery(rows.values(last_due=DUE_BY)[:1]),
    }


def _repeat(model, link, pks):
    if pks:
        model._base_manager.filter(pk__in=pks).update(**_first(**{link: OuterRef("pk")}))


def _stale(model, link):
    """Keys of records that show something else than their earliest open task."""
    first = _first(**{link: OuterRef("pk")})
    busy = Task.objects.filter(done_at=None, due_at__isnull=False, **{f"{link}__isnull": False}).values(link)
    rows = model._base_manager.filter(Q(pk__in=busy) | Q(next_step_at__isnull=False))
    rows = rows.annotate(true_step=first["next_step"], true_at=first["next_step_at"])
    both_none = Q(next_step_at=None, true_at=None)
    right = Q(next_step=F("true_step")) & (Q(next_step_at=F("true_at")) | both_none)
    return rows.exclude(right).order_by().values_list("pk", flat=True)
