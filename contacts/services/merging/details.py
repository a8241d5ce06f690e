"""Rules for what hangs on records: stages, requisites, who works on them, what is about to be written."""

from django.utils import timezone

from contacts.models import Company, Contact, LifecycleStay, Requisite
from contacts.services.merging.fields import merged_values
from contacts.services.merging.pointers import Reference, rule
from crm.models import Collaborator, Draft, Follower, Pin


@rule(Contact, LifecycleStay)
def stages_of_both(changes, kept, gone):
    """The history of both. The stay of the one that goes ends; a stage that comes over begins now."""
    now = timezone.now()
    _close(changes, gone, now)
    changes.move(Reference(LifecycleStay, "contact_id"), gone.pk, kept.pk)
    stage = merged_values(kept, gone, changes.merge.choices)["stage"]
    if stage != kept.stage:
        _close(changes, kept, now)
        by = changes.merge.by
        changes.made(LifecycleStay.objects.create(contact=kept, stage=stage, entered_at=now, by=by, how="merge"))


def _close(changes, contact, now):
    for stay in LifecycleStay.objects.filter(contact=contact, left_at=None):
        changes.update(LifecycleStay, [stay.pk], left_at=max(now, stay.entered_at))


@rule(Company, Requisite)
def entities_of_both(changes, kept, gone):
    """The legal entities of both; the main one is that of the company that stays, where it has one."""
    if Requisite.objects.filter(company=kept, is_primary=True).exists():
        others = Requisite.objects.filter(company=gone, is_primary=True).values_list("pk", flat=True)
        changes.update(Requisite, list(others), is_primary=False)
    changes.move(Reference(Requisite, "company_id"), gone.pk, kept.pk)


def _people_of_both(changes, kept, gone):
    """Who worked on one of the two works on both, with the wider right; who followed one follows the other."""
    for twin, row in _twins(changes, Collaborator, "user_id", kept, gone):
        if row.can_edit and not twin.can_edit:
            changes.update(Collaborator, [twin.pk], can_edit=True)
    _twins(changes, Follower, "user_id", kept, gone)
    _twins(changes, Pin, "event_id", kept, gone)
    for twin, row in _twins(changes, Draft, "user_id", kept, gone):
        text = "\n\n".join(filter(None, (twin.data.get("text"), row.data.get("text"))))
        changes.update(Draft, [twin.pk], data={**row.data, **twin.data, "text": text}, version=twin.version + 1)


for _model in (Contact, Company):
    rule(_model, Collaborator, Follower, Pin, Draft)(_people_of_both)


def _twins(changes, model, column, kept, gone):
    """Move the rows of the one that goes, except where the other has one for the same: pairs of what stays and went."""
    mine = {getattr(row, column): row for row in model.objects.about(kept)}
    found = []
    for row in model.objects.about(gone).order_by("pk"):
        if twin := mine.get(getattr(row, column)):
            changes.delete(model, [row.pk])
            found.append((twin, row))
    changes.move(Reference(model, "target_id", pair=True), gone.pk, kept.pk)
    return found
