"""Takes a file to import: keeps it, turns workbooks and cards into a table, finds out how it is written."""

import io
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from django.conf import settings
from django.core.files import File
from django.db import transaction
from django.utils.translation import gettext as _

from contacts.imports import mapping, objects, reading, vcard, workbook
from contacts.imports.encodings import encoding_of
from contacts.models import ImportRun
from crm import files

HEADER_LINES, SAMPLE_LINES = 20, 60
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
Format = ImportRun.Format


def receive(upload, user, kind=None):
    """Keep an uploaded file. Returns the ImportRun, not yet started, with its columns mapped as well as can be guessed.

    With `kind` its lines are records of that own kind. Raises FileRefused or FileUnreadable.
    """
    files.check(upload, files.safe_name(upload.name), settings.MAX_IMPORT_SIZE)
    run = ImportRun(by=user, owner=user, team=user.team, kind=kind, format=format_of(upload))
    with table_of(upload, run.format) as (table, sheets):
        run.sheets, run.sheet = sheets, sheets[0] if sheets else ""
        run.encoding, run.separator = ("utf-8", ",") if table else reading.detect(upload)
        _look(run, table or upload)
        objects.recall(run, user) if kind else mapping.recall(run, user)
        with transaction.atomic():
            run.file = files.store(upload, upload.name, by=user, kind="import", limit=None)
            if table:
                run.table = files.store(table, f"{upload.name}.csv", by=user, kind="import", limit=None)
            run.save()
    return run


def read_again(run, *, sheet=""):
    """Read the columns of a run that is read another way than before, or from another sheet. Raises FileUnreadable."""
    if sheet:
        return _take_sheet(run, sheet)
    with reading.opened(run.source) as file:
        _look(run, file, header_line=run.header_line)


def _take_sheet(run, sheet):
    """Let another sheet of the workbook be what is read. The table of the one before goes."""
    with reading.opened(run.file) as file, table_of(File(file), run.format, sheet) as (table, _sheets):
        _look(run, table)
        objects.recall(run, run.by) if run.kind else mapping.recall(run, run.by)
        before, run.sheet = run.table, sheet
        with transaction.atomic():
            run.table = files.store(table, f"{run.file.name}.csv", by=run.by, kind="import", limit=None)
            run.save()
            files.remove(before)


def first_rows(run, n):
    """The first n rows below the column names, as (line, cells). Raises FileUnreadable."""
    with reading.opened(run.source) as file:
        return list(islice(reading.rows(file, run.encoding, run.separator, skip=run.header_line), n))


def _look(run, file, *, header_line=None):
    """Find the column names and guess what the columns are."""
    file.seek(0)
    rows = list(islice(reading.rows(file, run.encoding, run.separator), SAMPLE_LINES))
    if not rows:
        raise reading.FileUnreadable(_("The file has no rows. Export it again with the columns you need."))
    known = objects.known_headers(run.kind) if run.kind else None
    run.header_line = mapping.header_line(rows[:HEADER_LINES], known) if header_line is None else header_line
    samples = [cells for line, cells in rows if line > run.header_line]
    named = next((cells for line, cells in rows if line == run.header_line), [])
    width = max(map(len, [named, *samples]))
    run.headers = [cell.strip()[:200] for cell in named] + [""] * (width - len(named))
    run.headers_key = mapping.key_of(run.headers)
    if run.kind:
        run.mapping = objects.guess(run.headers, run.kind, run.by)
        return
    run.mapping = mapping.guess(run.headers, samples)
    run.system = "vCard" if run.format == Format.VCARD else mapping.system_of(run.headers)


def format_of(upload):
    upload.seek(0)
    head = upload.read(4096)
    upload.seek(0)
    if head.startswith(_WORKBOOKS):
        return Format.WORKBOOK
    plain = head.replace(b"\x00", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \r\n\t")
    return Format.VCARD if plain[:11].upper() == b"BEGIN:VCARD" else Format.CSV


@contextmanager
def table_of(upload, kind, sheet=""):
    """(the upload as an open CSV file in UTF-8, names of the sheets of a workbook that hold anything); (None, []) for what
    is CSV already."""
    if kind == Format.CSV:
        yield None, []
        return
    sheets = []
    with TemporaryDirectory(prefix="rapport-import-") as folder:
        target = Path(folder, "table.csv")
        if kind == Format.WORKBOOK:
            source = Path(folder, "source")
            with open(source, "wb") as out:
                for chunk in upload.chunks():
                    out.write(chunk)
            sheets = workbook.to_csv(source, target, sheet)
        else:
            _cards_to_csv(upload, target)
        if not target.stat().st_size:
            raise reading.FileUnreadable(_("The file has no rows. Export it again with the columns you need."))
        with open(target, "rb") as table:
            yield File(table, name="table.csv"), sheets


def _cards_to_csv(upload, target):
    upload.seek(0)
    encoding = encoding_of(upload, upload.read(reading.SAMPLE))
    upload.seek(0)
    text = io.TextIOWrapper(upload, encoding, errors="replace", newline="")
    try:
        with open(target, "w", encoding="utf-8", newline="") as out:
            vcard.to_csv(reading.lines(text), out)
    finally:
        text.detach()
