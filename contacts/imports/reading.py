"""Reads CSV as real tools export it: any of the usual encodings and separators. Nothing is held but the line at hand."""

import csv
import io
from contextlib import suppress

from django.utils.translation import gettext as _

from contacts.imports.encodings import encoding_of
from crm.sheets import plain_cell

SEPARATORS = ",;\t|"
MOST_COLUMNS = 500
LONGEST_CELL = 100_000
LONGEST_LINE = 2_000_000
SAMPLE = 256 * 1024
# Control characters that no text has, except those that end a line or a page.
_BINARY = bytes(set(range(32)) - set(b"\t\n\r\x0c\x1a\x1b\x00"))

csv.field_size_limit(LONGEST_CELL)


class FileUnreadable(ValueError):
    """The file cannot be imported; the message says why and what to do."""


def opened(file):
    """The file of an import, open. Raises FileUnreadable for one that an erasure has emptied."""
    if not file.content:
        raise FileUnreadable(
            _("This file was emptied, for it held somebody who was erased. Upload it again without that person.")
        )
    return file.content.open("rb")


def detect(file):
    """(encoding, separator) of a CSV file or bytes. Raises FileUnreadable for what is no text."""
    file = io.BytesIO(file) if isinstance(file, bytes) else file
    file.seek(0)
    head = file.read(SAMPLE)
    encoding = encoding_of(file, head)
    if not encoding.startswith("utf-16") and len(head) - len(head.translate(None, _BINARY)) > len(head) // 100:
        raise FileUnreadable(_("This is no table but a binary file. Choose a CSV file, a workbook or vCards."))
    return encoding, _separator(head.decode(encoding, errors="replace"))


def rows(file, encoding, separator, *, skip=0):
    """Yield (line number from 1, cells) of a file object; empty lines are left out.

    `skip` leaves out that many lines from the start. Raises FileUnreadable.
    """
    for line, cells in enumerate(_records(file, encoding, separator), start=1):
        if len(cells) > MOST_COLUMNS:
            raise FileUnreadable(
                _("Line %(line)s has more than %(n)s columns. Is this a table?") % {"line": line, "n": MOST_COLUMNS}
            )
        if line > skip and any(cell.strip() for cell in cells):
            yield line, [plain_cell(cell) for cell in cells]


def _records(file, encoding, separator):
    text = io.TextIOWrapper(file, encoding, errors="replace", newline="")
    reader = csv.reader(lines(text), delimiter=separator)
    try:
        yield from reader
    except csv.Error as error:
        raise FileUnreadable(
            _("Line %(line)s cannot be read: a cell is too long or a quote is not closed.") % {"line": reader.line_num}
        ) from error
    finally:
        with suppress(ValueError):  # whoever reads only the first line has closed the file by now
            text.detach()  # else it would be closed under its owner's hands


def lines(text):
    """Lines without NUL, none of them longer than memory should hold."""
    number = 0
    while line := text.readline(LONGEST_LINE):
        number += 1
        if len(line) == LONGEST_LINE:
            raise FileUnreadable(
                _("Line %(line)s is longer than %(n)s characters. Is this a table?")
                % {"line": number, "n": f"{LONGEST_LINE:,}"}
            )
        yield line.replace("\x00", "")


def _separator(text):
    """The character that cuts the first lines into the same, largest number of cells."""
    best, most = ",", 0
    for separator in SEPARATORS:
        try:
            widths = [
                len(cells)
                for _n, cells in zip(range(10), csv.reader(io.StringIO(text), delimiter=separator), strict=False)
                if cells
            ]
        except csv.Error:
            continue
        if not widths:
            continue
        # A title above the table does not count: the width that most lines have does.
        width = max(set(widths), key=widths.count)
        score = (width - 1) * widths.count(width) / len(widths)
        if score > most:
            best, most = separator, score
    return best
