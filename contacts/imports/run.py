"""The import itself: batches of clean rows, each written in one transaction with the place it reached.

A run that is killed goes on at the batch after the last one written; a line is never taken twice.
"""

import io
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice

from django.db import connection, transaction
from django.db.models import Max
from django.utils.translation import get_language, gettext_lazy, override, pgettext
from django.utils.translation import gettext as _

from contacts.imports import reading
from contacts.imports.batch import Batch
from contacts.imports.cleaning import Cleaner
from contacts.models import ImportedRow, ImportRun
from contacts.services.lifecycle import acting
from crm import files, jobs
from crm.models import Workspace
from crm.sheets import write_csv

BATCH = 2000


def stop(job):
    """What was taken by a job that ended before its file stays, and can be gone on with or undone."""
    row = ImportRun.objects.filter(pk=job.params["import"], state=ImportRun.State.RUNNING).first()
    if row is not None:
        row.settle(ImportRun.State.STOPPED)


@jobs.job("contacts.import", gettext_lazy("Import"), icon="file-import", ended=stop)
def import_file(run):
    """Job: import a file. Result: counts, and a file of the refused rows with their reasons."""
    row = ImportRun.objects.for_card().get(pk=run.params["import"])
    with readable():
        with reading.opened(row.source) as file:
            run.start(count_lines(file, row))
        with reading.opened(row.source) as file, Ahead(cleaned(file, row, skip=reached(row))) as ahead:
            while batch := ahead.get():
                _take(run, row, batch, ahead)
    return finish(row, ["contacts_contact", "contacts_contactpoint"])


@contextmanager
def readable():
    """Within, a file that cannot be read ends the job with the sentence why."""
    try:
        yield
    except reading.FileUnreadable as error:
        raise jobs.JobFailed(str(error)) from error


def reached(row):
    """The last line that was taken, by this job or one before it."""
    return row.rows.aggregate(last=Max("line"))["last"] or row.header_line


def cleaned(file, row, *, skip):
    """Batches of clean rows of an open file, one after the other: at most BATCH rows of it are held at once."""
    # Made here and not in the thread that takes the batches: it has a connection of its own.
    clean = Cleaner(row.mapping, Workspace.get().country, by=row.by if row.by_id else None).clean
    lines = reading.rows(file, row.encoding, row.separator, skip=skip)
    return iter(lambda: [clean(line, cells) for line, cells in islice(lines, BATCH)], [])


class Ahead:
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
    """How many lines will be read, those up to the column names left out."""
    return sum(1 for _line in reading.rows(file, row.encoding, row.separator, skip=row.header_line))


def refused_file(row, refused):
    """Keep refused rows, given as (line, reason, cells), as a file that can be mended and imported again."""
    out = io.BytesIO()
    write_csv(
        out,
        [pgettext("file", "Line"), _("Reason"), *row.headers],
        ([line, reason, *cells] for line, reason, cells in refused),
    )
    return files.store(out.getvalue(), _("refused rows.csv"), by=row.by, target=row, kind="import")


def _take(run, row, rows, ahead):
    """Write one batch and the place reached, together or not at all."""
    with transaction.atomic(), acting(row.by, "import"):
        batch = Batch(row, rows)
        batch.prepare()
        ahead.begin()
        run.advance(len(rows), checkpoint={"line": rows[-1].line}, **batch.write())


def finish(row, tables):
    """Note that all lines were taken. Returns the job's result: counts, and the refused rows as a file."""
    row.settle(ImportRun.State.DONE)
    _tell_planner(tables, row.counts["created"])
    result = {"rows": counted(row.counts), "url": row.get_absolute_url(), "url_label": _("Open the import")}
    if row.counts["failed"]:
        failed = row.rows.filter(outcome=ImportedRow.Outcome.FAILED).order_by("line")
        lines = failed.values_list("line", "reason", "cells").iterator(chunk_size=2000)
        result["file"] = refused_file(row, lines).pk
    return result


def _tell_planner(tables, added):
    """Let the planner know the new rows at once where they are many: the next page sorts and searches them.

    What is less than the tenth part of a table does not change how it is read, and waits for the autovacuum.
    """
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute("SELECT reltuples FROM pg_class WHERE oid = %s::regclass", [table])
            if added * 10 >= cursor.fetchone()[0]:
                cursor.execute(f"ANALYZE {table}")


def counted(counts):
    """Counts of a run with their labels, for a result page."""
    rows = [
        [_("Created"), counts["created"]],
        [_("Updated"), counts["updated"]],
        [_("Left as they were"), counts["skipped"]],
        [_("Refused"), counts["failed"]],
    ]
    if counts.get("kept_back"):
        rows.append([_("Taken, but for values that a rule locks or hides"), counts["kept_back"]])
    if counts.get("companies_created"):
        rows.append([_("New companies"), counts["companies_created"]])
    if counts.get("companies_updated"):
        rows.append([_("Updated companies"), counts["companies_updated"]])
    return rows
