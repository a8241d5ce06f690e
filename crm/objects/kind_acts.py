"""Acts on kinds: made with rights that fit, retired and brought back, deleted with all they hold."""

from django.db import IntegrityError, transaction
from django.db.models import Count, F
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import jobs, participants
from crm.custom import indexes
from crm.models import Alert, CustomField, Feed, ObjectKind, ObjectRecord, ObjectRelation, Role, SavedView
from crm.objects import naming
from crm.text import sort_key

BATCH = 500
LISTED = 100  # records with something that only one may have are named, up to so many


def counts():
    """{key of a kind: how many records it has}, whoever sees them: for those who define kinds."""
    rows = ObjectRecord._base_manager.order_by().values("kind").annotate(n=Count("pk"))
    return dict(rows.values_list("kind", "n"))


@transaction.atomic
def create_kind(kind, *, like):
    """Keep a new kind. Every role has the rights on it that it has on the kind `like`."""
    kind.save()
    for role in Role.objects.select_for_update():
        if acts := role.grants.get(like):
            role.grants[kind.subject] = acts
            role.save(update_fields=["grants"])
    return kind


@transaction.atomic
def change_kind(kind, version, *, by):
    """Keep a changed kind. Returns (whether nobody was faster, the job that calls the records anew or None)."""
    now = ObjectKind.objects.select_for_update().get(pk=kind.pk)
    if str(now.version) != version:
        kind.version = now.version
        return False, None
    kind.version = now.version + 1
    # Records were made and kinds were moved since the form was read: neither is the form's to write.
    kind.last_number, kind.position = now.last_number, now.position
    kind.save()
    renames = (now.pattern, now.unique_by) != (kind.pattern, kind.unique_by)
    job = jobs.start("objects.rename", by=by, params={"kind": kind.pk}, subject=kind.plural) if renames else None
    return True, job


def retire(kind):
    """Hide a kind with its records everywhere; they come back with it."""
    ObjectKind.objects.filter(pk=kind.pk, retired_at=None).update(retired_at=timezone.now(), version=F("version") + 1)


def restore(kind):
    ObjectKind.objects.filter(pk=kind.pk).update(retired_at=None, version=F("version") + 1)


@jobs.job("objects.rename", gettext_lazy("Call records by another pattern"), icon="transform")
def run_rename(run):
    """Batches by key; the same again for a record that was done already."""
    kind = ObjectKind.objects.get(pk=run.params["kind"])
    rows = ObjectRecord._base_manager.filter(kind=kind)
    state = run.checkpoint or {"last": 0, "twins": []}
    if not state["last"]:
        run.start(rows.count())
        # What was told apart by another field says nothing now.
        rows.exclude(unique_value=None).update(unique_value=None)
    while True:
        with transaction.atomic():
            # Locked: a title that somebody writes this moment is not written over with the one read here.
            left = rows.filter(pk__gt=state["last"]).order_by("pk").select_for_update(of=["self"])
            if not (batch := list(left[:BATCH])):
                break
            twins = _call_anew(kind, batch)
            state = {"last": batch[-1].pk, "twins": [*state["twins"], *twins][:LISTED]}
            run.advance(len(batch), checkpoint=state, refused=len(twins))
    named = ObjectRecord.objects.visible_to(run.by).filter(pk__in=state["twins"]).order_by("name_key")
    refused = run.row.counters.get("refused", 0)
    return {
        "rows": [[str(_("Records")), run.row.done], [str(_("Share it with another record and stay so")), refused]],
        "records": [[str(row), row.get_absolute_url()] for row in named],
    }


def _call_anew(kind, batch):
    """Write what follows from pattern and fields. Returns the keys of those whose value another record has."""
    wanted = {}
    for row in batch:
        row.title = naming.name_of(row)
        row.name_key, row.unique_value = sort_key(row.title), naming.unique_of(row)
        wanted.setdefault(row.unique_value, row.pk)
    taken = set(
        ObjectRecord._base_manager.filter(kind=kind, unique_value__in=[value for value in wanted if value])
        .exclude(pk__in=[row.pk for row in batch])
        .values_list("unique_value", flat=True)
    )
    twins = [r for r in batch if r.unique_value and (r.unique_value in taken or wanted[r.unique_value] != r.pk)]
    for row in twins:
        row.unique_value = None
    try:
        with transaction.atomic():
            ObjectRecord._base_manager.bulk_update(batch, ["title", "name_key", "unique_value"])
    except IntegrityError:
        # Somebody wrote one of the values this moment.
        return [row.pk for row in batch if not _call_one(row)]
    return [row.pk for row in twins]


def _call_one(row):
    try:
        with transaction.atomic():
            ObjectRecord._base_manager.bulk_update([row], ["title", "name_key", "unique_value"])
    except IntegrityError:
        return False
    return True


def start_deleting(kind, *, by):
    """Hide the kind at once and delete it with its records in a job."""
    retire(kind)
    return jobs.start("objects.delete", by=by, params={"kind": kind.pk}, subject=kind.plural)


@jobs.job("objects.delete", gettext_lazy("Delete a kind of record"), icon="trash")
def run_delete(run):
    """Records in batches, then everything that names the kind. A second run goes on where the first stopped."""
    kind = ObjectKind.objects.filter(pk=run.params["kind"]).first()
    if kind is None:
        return {}
    if not kind.is_retired:
        raise jobs.JobFailed(_("The kind has been brought back meanwhile. Nothing more is deleted."))
    rows = ObjectRecord._base_manager.filter(kind=kind)
    if not run.row.done:
        run.start(rows.count())
    while batch := list(rows.order_by("pk")[:BATCH]):
        with transaction.atomic():
            for row in batch:
                participants.forget(row)
            ObjectRecord._base_manager.filter(pk__in=[row.pk for row in batch]).delete()
            run.advance(len(batch), deleted=len(batch))
    _forget(kind)
    return {"rows": [[str(_("Deleted")), run.row.counters.get("deleted", 0)]]}


@transaction.atomic
def _forget(kind):
    """Take away what names a kind, and the kind."""
    for field in CustomField.objects.filter(subject=kind.subject):
        indexes.drop_now(field)
        field.delete()
    SavedView.objects.filter(list_name=kind.subject).delete()
    for model in (Alert, Feed):
        model.objects.filter(wish__list=kind.subject).delete()
    for role in Role.objects.select_for_update():
        named = [role.grants.pop(kind.subject, None), role.fields.pop(kind.subject, None)]
        if any(part is not None for part in named):
            role.save(update_fields=["grants", "fields"])
    ObjectRelation.objects.filter(target=kind.subject).delete()
    kind.delete()
