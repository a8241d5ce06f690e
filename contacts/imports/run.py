"""The import itself: batches of clean rows, each written in one transaction with the place it reached.

A run that is killed goes on at the batch after the last one written; a line is never taken twice.
"""

import io
from itertools import islice

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from contacts.imports import reading
from contacts.imports.batch import Batch
from contacts.imports.cleaning import clean
from contacts.models import ImportedRow, ImportRun
from crm import files, jobs
from crm.models import Workspace
from crm.sheets import write_csv

BATCH = 1000


@jobs.job("contacts.import", gettext_lazy("Import"), icon="file-import")
def import_file(run):
    """Job: import a file. Result: counts, and a file of the refused rows with their reasons."""
    row = ImportRun.objects.select_related("file", "by").get(pk=run.params["import"])
    region = Workspace.get().country
    try:
        with row.file.content.open("rb") as file:
            run.start(count_lines(file, row))
        with row.file.content.open("rb") as file:
            lines = reading.rows(file, row.encoding, row.separator, skip=run.checkpoint.get("line", 1))
            while chunk := list(islice(lines, BATCH)):
                _take(run, row, [clean(line, cells, row.mapping, region) for line, cells in chunk])
    except reading.FileUnreadable as refusal:
        raise jobs.JobFailed(str(refusal)) from refusal
    return _finish(run, row)


def count_lines(file, row):
    """How many lines will be read, the header left out."""
    return sum(1 for _line in reading.rows(file, row.encoding, row.separator, skip=1))


def _take(run, row, cleaned):
    """Write one batch and the place reached, together or not at all."""
    with transaction.atomic():
        outcome = Batch(row, cleaned).write()
        run.advance(len(cleaned), checkpoint={"line": cleaned[-1].line}, **outcome)


def _finish(run, row):
    counts = {name: run.row.counters.get(name, 0) for name in ImportedRow.Outcome.values}
    row.state, row.counts, row.finished_at = ImportRun.State.DONE, counts, timezone.now()
    row.save(update_fields=["state", "counts", "finished_at"])
    # The planner must know the new rows at once: the next page sorts and searches them.
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE contacts_contact, contacts_contactpoint")
    result = {
        "rows": [
            [_("Created"), counts["created"]],
            [_("Updated"), counts["updated"]],
            [_("Left as they were"), counts["skipped"]],
            [_("Refused"), counts["failed"]],
        ],
        "url": row.get_absolute_url(),
        "url_label": _("Open the import"),
    }
    if counts["failed"]:
        result["file"] = _refused_file(row).pk
    return result


def _refused_file(row):
    """The refused rows as they came, with line and reasons before them."""
    failed = ImportedRow.objects.filter(run=row, outcome=ImportedRow.Outcome.FAILED).order_by("line")
    out = io.BytesIO()
    write_csv(
        out,
        [_("Line"), _("Reason"), *row.headers],
        ([f.line, f.reason, *f.cells] for f in failed.iterator(chunk_size=2000)),
    )
    return files.store(out.getvalue(), _("refused rows.csv"), by=row.by, target=row, kind="import")
