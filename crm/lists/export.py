"""A list as a file: CSV or a workbook, written row by row, safe to open in a spreadsheet."""

import csv
import re
import tempfile
from datetime import date, datetime
from decimal import Decimal
from io import TextIOWrapper
from itertools import islice

from django.core.files import File
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm import access, files, jobs
from crm.lists.columns import prepare
from crm.lists.page import thaw
from crm.sight import seen_by

CHUNK = 2000
# What a spreadsheet takes for a formula; full-width signs are folded by some of them.
_RISKY = re.compile(r"^[\s\"']*[=+\-@\t\r＝＋－＠]")
_PHONE = re.compile(r"^\+[\d ()-]{5,25}$")


def safe(value):
    """A cell that no spreadsheet runs as a formula. Phones such as +7… stay as they are."""
    if value is None:
        return ""
    if isinstance(value, bool | int | float | Decimal):
        return value
    if isinstance(value, datetime):
        return timezone.localtime(value).strftime("%Y-%m-%d %H:%M")
    if isinstance(value, date):
        return value.isoformat()
    text = str(value).replace("\x00", "")
    digits_only = _PHONE.match(text) and "-" not in text[1:2]
    return text if digits_only or not _RISKY.match(text) else f"'{text}"


@jobs.job("lists.export", _("Export"), icon="download")
def run_export(run):
    """The job: all rows of a wish that the user may export, in the order of the key."""
    wish = thaw(run.params["wish"], run.by)
    access.require(run.by, wish.page.kind, "export")
    rows = wish.shown().exportable_by(run.by).order_by("pk")
    if run.params.get("keys"):
        rows = rows.filter(pk__in=run.params["keys"])
    run.start(rows.count())
    form = "xlsx" if run.params.get("separator") == "xlsx" else "csv"
    with tempfile.TemporaryFile() as raw, timezone.override(run.by.time_zone):
        with seen_by(run.by):
            _write(raw, form, wish.columns, rows, run)
        name = f"{wish.page.name}-{timezone.localdate().isoformat()}.{form}"
        try:
            stored = files.store(File(raw, name=name), name, by=run.by, kind="export")
        except files.FileRefused as error:
            raise jobs.JobFailed(str(error)) from None
    return {"file": stored.pk, "rows": [[str(_("Rows")), run.row.done]]}


def _write(raw, form, columns, rows, run):
    head, values = [str(c.label) for c in columns], _values(columns, rows, run)
    if form == "csv":
        _write_csv(raw, head, values, run)
    else:
        from crm.lists import workbook

        workbook.write(raw, head, values)


def _write_csv(raw, head, rows, run):
    text = TextIOWrapper(raw, encoding="utf-8", newline="")
    # The mark at the beginning is how Excel knows UTF-8; with a comma as decimal sign it splits at semicolons.
    text.write("\ufeff")
    writer = csv.writer(text, delimiter=";" if run.params.get("separator") == ";" else ",")
    writer.writerow([safe(label) for label in head])
    writer.writerows([_local(safe(value), run) for value in values] for values in rows)
    text.flush()
    text.detach()


def _values(columns, rows, run):
    """The values of each row, read in pieces."""
    found = rows.iterator(chunk_size=CHUNK)
    while batch := list(islice(found, CHUNK)):
        prepare(columns, batch)
        for row in batch:
            yield [c.plain(row) for c in columns]
            run.advance()


def _local(value, run):
    if run.params.get("separator") == ";" and isinstance(value, float | Decimal):
        return str(value).replace(".", ",")
    return value
