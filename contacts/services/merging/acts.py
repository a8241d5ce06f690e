"""Merging two records of one kind."""

from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from contacts.models import Company, Contact, Merge
from contacts.services import following, lifecycle
from contacts.services.merging import pointers as found
from contacts.services.merging.changes import Changes
from contacts.services.merging.fields import merged_values
from contacts.services.merging.marks import marks
from crm import access
from crm.events import record

MERGED = {Contact: "contact.merged", Company: "company.merged"}


class MergeRefused(ValueError):
    """The two cannot be merged; the message says why."""


def merge_contacts(kept, duplicate, *, by, choices=None, seen=None, **how):
    """Make two people one; see `merge_records`."""
    return merge_records(Contact, kept.pk, duplicate.pk, by=by, choices=choices, seen=seen, **how)


def merge_companies(kept, duplicate, *, by, choices=None, seen=None, **how):
    """Make two companies one; see `merge_records`."""
    return merge_records(Company, kept.pk, duplicate.pk, by=by, choices=choices, seen=seen, **how)


@transaction.atomic
def merge_records(model, kept_pk, gone_pk, *, by, choices=None, seen=None, score=None):
    """Move everything of one record to the other and delete it. Returns the Merge, by which it can be undone.

    `choices` says for a field whose value stays, "kept" or "gone". `seen` are the `updated_at` of both as the person
    saw them: raises MergeRefused when one has changed since, is gone, or both are the same. `by` needs the right to
    change both and to delete the one that goes; None is the program itself.
    """
    kept, gone = _locked(model, kept_pk, gone_pk)
    _require(model, by, kept, gone)
    if seen and [kept.updated_at, gone.updated_at] != list(seen):
        raise MergeRefused(_("Somebody has changed one of the two meanwhile. Look at them again, then merge."))
    merge = Merge.objects.create(
        **{model._meta.model_name: kept},
        kept_id=kept.pk,
        gone_id=gone.pk,
        title=str(gone)[:320],
        choices=choices or {},
        score=score,
        is_automatic=by is None,
        by=by,
    )
    with lifecycle.triggers_off():
        _carry_out(Changes(merge), kept, gone, choices)
    company = kept.company if model is Contact else kept
    contact = kept if model is Contact else None
    record(MERGED[model], contact=contact, company=company, target=kept, actor=by, title=merge.title, merge=merge.pk)
    merge.marks = marks(model)
    merge.save(update_fields=["marks"])
    return merge


def survivor_of(model, pk):
    """The key of the record in which a merged one lives on, or None."""
    name = f"{model._meta.model_name}_id"
    rows = Merge.objects.filter(gone_id=pk, undone_at=None, **{f"{name}__isnull": False})
    return rows.order_by("-pk").values_list(name, flat=True).first()


def _locked(model, kept_pk, gone_pk):
    """Both rows, locked in the order of their keys: two merges of the same records never wait for each other."""
    if kept_pk == gone_pk:
        raise MergeRefused(_("These are not two records but one."))
    rows = model._base_manager.select_for_update().filter(pk__in=[kept_pk, gone_pk]).order_by("pk")
    rows = {row.pk: row for row in rows}
    if len(rows) < 2:
        raise MergeRefused(_("One of the two is not there any more: somebody has merged or deleted it."))
    return rows[kept_pk], rows[gone_pk]


def _require(model, by, kept, gone):
    if by is None:
        return
    rows = model.objects.all()
    both = access.predicate(model, by, "edit")
    may_edit = both is None or rows.filter(both, pk__in=[kept.pk, gone.pk]).count() == 2
    if not may_edit or not rows.deletable_by(by).filter(pk=gone.pk).exists():
        raise PermissionDenied


def _carry_out(changes, kept, gone, choices):
    model = type(kept)
    values = merged_values(kept, gone, choices)
    for act in found.rules_for(model):
        act(changes, kept, gone)
    for reference in found.moved(model):
        changes.move(reference, gone.pk, kept.pk)
    for act in found.rules_for(model, late=True):
        act(changes, kept, gone)
    changes.delete(model, [gone.pk])
    news = {name: value for name, value in values.items() if getattr(kept, name) != value}
    changes.update(model, [kept.pk], updated_at=timezone.now(), **news)
    _settle(changes, kept)
    # Whatever still points at the one that is gone would only be told at the commit.
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def _settle(changes, kept):
    """Count anew what follows from the rows that have come."""
    kept.refresh_from_db()
    if values := following.values(kept):
        changes.update(type(kept), [kept.pk], **values)
