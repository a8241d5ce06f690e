"""Bulk acts as jobs, and taking them back.

The audit trail keeps each row as it was before the act, under the key of the request or job that did it. Taking back
reads from there, and only what nobody has changed since.
"""

from django.core import signing
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import audit, jobs
from crm.lists.bulk import act_named, apply_to, locked
from crm.lists.page import page_named, thaw

BATCH = 500
SALT = "crm.lists.undo"
GOOD_FOR = 24 * 3600  # seconds
LISTED = 200  # rows that could not be taken back are named, up to so many


@jobs.job("lists.bulk", gettext_lazy("Change many records"), icon="list-check")
def run_bulk(run):
    """Batches by key, so that a second run goes on where the first stopped."""
    page, act = _asked(run)
    checkpoint = run.checkpoint or {"last": 0, "contexts": []}
    last, contexts = checkpoint["last"], sorted({*checkpoint["contexts"], audit.context_id()})
    keys = run.params.get("keys")
    rows = thaw(run.params["wish"], run.by).base() if keys is None else page.model.objects.filter(pk__in=keys)
    if run.params.get("until") is not None:
        # "All that match" ends with what was there when the button was pressed; what no longer fits is left alone.
        rows = rows.filter(pk__lte=run.params["until"])
    if not last:
        run.start(rows.count())
    while batch := list(rows.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:BATCH]):
        with transaction.atomic():
            changed, kept = apply_to(page, act, batch, run.params["data"], run.by)
            last = batch[-1]
            run.advance(len(batch), checkpoint={"last": last, "contexts": contexts}, changed=changed, refused=kept)
    result = _result(run, _("Changed"), _("Left alone, because you may not change them or others depend on them"))
    can_be_taken_back = act.can_be_taken_back(page, run.params["data"])
    return result | ({"undo": undo_url(page, act, contexts, run.by)} if can_be_taken_back else {})


@jobs.job("lists.undo", gettext_lazy("Take a change of many records back"), icon="arrow-back-up")
def run_undo(run):
    page, act = _asked(run)
    last, kept = (run.checkpoint or {}).get("last", 0), (run.checkpoint or {}).get("kept", [])
    rows = _versions(page, run.params["contexts"])
    if not last:
        run.start(rows.count())
    while batch := list(rows.filter(pgh_id__gt=last)[:BATCH]):
        with transaction.atomic():
            back, left = take_back(page, act, batch, run.by)
            last, kept = batch[-1].pgh_id, [*kept, *left][:LISTED]
            run.advance(len(batch), checkpoint={"last": last, "kept": kept}, changed=back, refused=len(left))
    result = _result(run, _("Taken back"), _("Left alone, because they have been changed since"))
    return result | {"records": [[str(row), row.get_absolute_url()] for row in named(page, kept, run.by)]}


def named(page, keys, user):
    """The rows with these keys that the user sees, to be listed."""
    return page.rows().visible_to(user).filter(pk__in=keys).order_by("pk")


def undo_url(page, act, contexts, user):
    """Where a POST by this user takes the act back, for a day."""
    data = {"act": act.name, "contexts": contexts, "user": user.pk}
    return reverse("list_undo", args=[page.name, signing.dumps(data, salt=SALT, compress=True)])


def read_undo(token, user):
    """What `undo_url` signed for this user; None when it is another's, foreign or too old."""
    try:
        data = signing.loads(token, salt=SALT, max_age=GOOD_FOR)
    except signing.BadSignature:
        return None
    return data if data["user"] == user.pk else None


def count_of(page, contexts):
    """How many rows an act has changed."""
    return _versions(page, contexts).count()


def undo_now(page, act, contexts, by):
    """Take an act on a few rows back at once. Returns (how many, keys of those left alone)."""
    with transaction.atomic():
        found = list(_versions(page, contexts))
        return take_back(page, act, found, by)


def take_back(page, act, versions, by):
    """Restore the fields that these versions hold otherwise, where they still are as the act left them.

    Returns (how many rows are as they were, keys of the others).
    """
    rows = page.model.objects.filter(pk__in=[v.pgh_obj_id for v in versions]).visible_to(by).editable_by(by)
    now = {row.pk: row for row in locked(page, rows)}
    left = _after(page, versions)
    pairs = []
    for version in versions:
        row = now.get(version.pgh_obj_id)
        after = left.get(version.pgh_id, row)
        if row is None:
            continue
        changed = [n for n in _names(version) if getattr(version, n) != getattr(after, n)]
        if changed and all(getattr(row, n) == getattr(after, n) for n in changed):
            pairs.append((row, {n: getattr(version, n) for n in changed}))
    act.restore(page, pairs, by)
    back = {row.pk for row, _before in pairs}
    return len(back), [v.pgh_obj_id for v in versions if v.pgh_obj_id not in back]


def _asked(run):
    page = page_named(run.params["wish"]["list"])
    act = act_named(page, run.by, run.params["act"])
    if act is None:
        raise jobs.JobFailed(_("You may no longer do this. Ask an administrator."))
    return page, act


def _result(run, changed, kept):
    counters = run.row.counters
    return {"rows": [[str(changed), counters.get("changed", 0)], [str(kept), counters.get("refused", 0)]]}


def _versions(page, contexts):
    """Rows of the list as they were before an act: the first version that its contexts keep of each."""
    trail = audit.versions(page.model).filter(pgh_context_id__in=contexts, pgh_label="update")
    return trail.filter(pk__in=trail.order_by("pgh_obj_id", "pgh_id").distinct("pgh_obj_id").values("pk")).order_by(
        "pgh_id"
    )


def _after(page, versions):
    """{version: the next version of the same row}, for those that were changed again after their act."""
    if not versions:
        return {}
    keys, contexts = {v.pgh_obj_id: v for v in versions}, {v.pgh_context_id for v in versions}
    later = audit.versions(page.model).filter(pgh_obj_id__in=keys, pgh_label="update", pgh_id__gt=versions[0].pgh_id)
    found = {}
    for row in later.exclude(pgh_context_id__in=contexts).order_by("-pgh_id"):
        if row.pgh_id > keys[row.pgh_obj_id].pgh_id:
            found[keys[row.pgh_obj_id].pgh_id] = row
    return found


def _names(version):
    return [f.attname for f in version._meta.concrete_fields if not f.name.startswith("pgh_") and not f.primary_key]
