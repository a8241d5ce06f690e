"""Parting two records that were merged."""

from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from contacts.models import Contact, Merge, MergeStep
from contacts.models.merge import KEPT_FOR
from contacts.services import lifecycle
from contacts.services.merging.acts import MergeRefused
from contacts.services.merging.changes import undo_step
from contacts.services.merging.preview import pointing
from crm.events import record


@transaction.atomic
def undo_merge(merge, *, by):
    """Restore both records as they were. What has arrived since stays with the one that was kept.

    Returns how many rows were left as they are because somebody has changed them meanwhile. Raises MergeRefused when
    it is too late, and PermissionDenied for those who may not change the record.
    """
    merge = Merge.objects.select_for_update().get(pk=merge.pk)
    model = merge.model
    kept = model._base_manager.select_for_update().filter(pk=merge.contact_id or merge.company_id).first()
    if by is not None and not model.objects.editable_by(by).filter(pk=kept.pk).exists():
        raise PermissionDenied
    if not merge.may_be_undone or not merge.steps.exists():
        raise MergeRefused(_("This merge cannot be undone any more."))
    with lifecycle.triggers_off():
        steps = merge.steps.order_by("-pk").defer("before", "after")
        left = sum(undo_step(step, merge.gone_id, merge.kept_id) for step in steps)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    merge.undone_at, merge.undone_by = timezone.now(), by
    merge.save(update_fields=["undone_at", "undone_by"])
    merge.steps.all().delete()
    _tell(merge, model, by)
    return left


def arrivals(merge):
    """[Moving] of what has come to the kept record since the merge and would stay with it."""
    return [m for m in pointing(merge.model, merge.kept_id, merge.marks) if m.label != "contacts.merge"]


def forget_old_merges(now=None):
    """Take away what undid merges for which it is too late; where the merged records went stays known."""
    before = (now or timezone.now()) - KEPT_FOR
    return MergeStep.objects.filter(merge__at__lt=before).delete()[0]


def _tell(merge, model, by):
    for pk in (merge.kept_id, merge.gone_id):
        one = model._base_manager.get(pk=pk)
        contact, company = (one, one.company) if model is Contact else (None, one)
        kind = "contact.unmerged" if model is Contact else "company.unmerged"
        record(kind, contact=contact, company=company, target=one, actor=by, title=merge.title, merge=merge.pk)
