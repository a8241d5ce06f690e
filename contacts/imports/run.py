"""The import itself: batches of clean rows, each written in one transaction with the place it reached.

A run that is killed goes on at the batch after the last one written; a line is never taken twice.
"""

import io
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

from django.db import connection, transaction
from django.db.models import Max
from django.utils.translation import get_language, gettext_lazy, override, pgettext
from django.utils.translation import gettext as _

from contacts.imports import mapping, reading
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
    region, columns = Workspace.get().country, mapping.columns(row.mapping)
    try:
        with row.file.content.open("rb") as file:
            run.start(count_lines(file, row))
        with row.file.content.open("rb") as file:
            lines = reading.rows(file, row.encoding, row.separator, skip=_reached(row))
            with _Ahead(cleaned(lines, columns, region)) as ahead:
                while batch := ahead.get():
                    _take(run, row, batch, ahead)
    except Exception as error:
        # What was taken stays, and can be gone on with or undone.
        row.settle(ImportRun.State.STOPPED)
        if isinstance(error, reading.FileUnreadable):
            raise jobs.JobFailed(str(error)) from error
        raise
    return _finish(row)


def _reached(row):
    """The last line that was taken, by this job or one before it; 1 is the header."""
    return row.rows.aggregate(last=Max("line"))["last"] or 1


def cleaned(lines, columns, region):
    """Yield batches of clean rows: at most BATCH rows of the file are held at once."""
    while chunk := list(islice(lines, BATCH)):
        yield [clean(line, cells, columns, region) for line, cells in chunk]


class _Ahead:
    """Batches, of which the next one is made in a thread while the database writes the present one."""

    def __init__(self, batches):
        self._batches, self._language = batches, get_language()
        self._thread, self._coming = ThreadPoolExecutor(max_workers=1), None

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self._thread.shutdown(cancel_futures=True)

    def begin(self):
        """Begin to make the next batch."""
        self._coming = self._coming or self._thread.submit(self._make)

    def get(self):
        """The next batch; [] when there is none."""
        self.begin()
        coming, self._coming = self._coming, None
        return coming.result()

    def _make(self):
        # A thread has no language of its own: the reasons are in that of the person.
        with override(self._language):
            return next(self._batches, [])


def count_lines(file, row):
    """How many lines will be read, the header left out."""
    return sum(1 for _line in reading.rows(file, row.encoding, row.separator, skip=1))


def _take(run, row, rows, ahead):
    """Write one batch and the place reached, together or not at all."""
    with transaction.atomic():
        batch = Batch(row, rows)
        batch.prepare()
        ahead.begin()
        run.advance(len(rows), checkpoint={"line": rows[-1].line}, **batch.write())


def _finish(row):
    row.settle(ImportRun.State.DONE)
    counts = row.counts
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
        [pgettext("file", "Line"), _("Reason"), *row.headers],
        ([f.line, f.reason, *f.cells] for f in failed.iterator(chunk_size=2000)),
    )
    return files.store(out.getvalue(), _("refused rows.csv"), by=row.by, target=row, kind="import")
