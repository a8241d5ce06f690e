"""The import of a file into a kind of record: the job, batch after batch, and the same for a look beforehand."""

from itertools import islice

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from contacts.imports import objects, reading
from contacts.imports.object_batch import Batch
from contacts.imports.run import count_lines, finish, reached, readable, stop
from contacts.models import ImportRun
from crm import access, jobs

BATCH = 500
SAMPLES = 3


def columns(run):
    """[(header, some cells)] of the file of a run. Raises FileUnreadable."""
    with reading.opened(run.source) as file:
        rows = reading.rows(file, run.encoding, run.separator, skip=run.header_line)
        samples = [cells for _line, cells in islice(rows, SAMPLES)]
    return [(header, [row[i] for row in samples if i < len(row)]) for i, header in enumerate(run.headers)]


@jobs.job("contacts.import_objects", gettext_lazy("Import"), icon="file-import", ended=stop)
def import_objects(run):
    """Job: import a file into an own kind. Result: counts, and a file of the refused rows with their reasons.

    Each batch is written in one transaction with the place reached: a run that is killed goes on behind the last one.
    """
    row = ImportRun.objects.for_card().get(pk=run.params["import"])
    with readable():
        if not may_import(row.by, row.kind):
            raise jobs.JobFailed(_("You may no longer do this. Ask an administrator."))
        reader = objects.Reader(row)
        with reading.opened(row.source) as file:
            run.start(count_lines(file, row))
        with reading.opened(row.source) as file:
            lines = reading.rows(file, row.encoding, row.separator, skip=reached(row))
            while batch := list(islice(lines, BATCH)):
                _take(run, row, reader, batch)
    return finish(row, ["crm_objectrecord"])


def may_import(user, kind):
    """Whether somebody may import records of a kind that is in use."""
    return not kind.is_retired and all(access.may(user, name, "edit") for name in ("import", kind.subject))


def _take(run, row, reader, lines):
    batch = Batch(row, reader, [reader.read(line, cells) for line, cells in lines])
    batch.draw()
    with transaction.atomic():
        run.advance(len(lines), checkpoint={"line": lines[-1][0]}, **batch.write())
    batch.close()
