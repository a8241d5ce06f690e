"""Reads CSV and XLSX as real tools export them: any of the usual encodings and separators."""

import csv
import io
import re
from contextlib import suppress

from django.utils.translation import gettext as _
from python_calamine import CalamineError, CalamineWorkbook

SEPARATORS = ",;\t|"
MOST_COLUMNS = 200
LONGEST_CELL = 100_000
_SAMPLE = 256 * 1024
_CYRILLIC_WORD = re.compile("[А-Яа-яЁё]{3,}")
_LONE_CYRILLIC = re.compile("(?<=[A-Za-z])[А-Яа-яЁё]{1,2}(?=[A-Za-z])")

csv.field_size_limit(LONGEST_CELL)


class FileUnreadable(ValueError):
    """The file cannot be imported; the message says why and what to do."""


def detect(data):
    """(encoding, separator) of CSV bytes; ("xlsx", "") for a workbook."""
    if data[:4] == b"PK\x03\x04":
        return "xlsx", ""
    encoding = _encoding(data)
    text = data[:_SAMPLE].decode(encoding, errors="replace")
    return encoding, _separator(text)


def rows(file, encoding, separator, *, skip=0):
    """Yield (line number from 1, cells) of a file object; empty lines are left out.

    `skip` leaves out that many lines from the start. Raises FileUnreadable.
    """
    found = _workbook_rows(file) if encoding == "xlsx" else _text_rows(file, encoding, separator)
    for line, cells in enumerate(found, start=1):
        if len(cells) > MOST_COLUMNS:
            raise FileUnreadable(
                _("Line %(line)s has more than %(n)s columns. Is this a table?") % {"line": line, "n": MOST_COLUMNS}
            )
        if line > skip and any(cell.strip() for cell in cells):
            yield line, cells


def _text_rows(file, encoding, separator):
    text = io.TextIOWrapper(file, encoding, errors="replace", newline="")
    reader = csv.reader((line.replace("\x00", "") for line in text), delimiter=separator)
    try:
        yield from reader
    except csv.Error as error:
        raise FileUnreadable(
            _("Line %(line)s cannot be read: a cell is too long or a quote is not closed.") % {"line": reader.line_num}
        ) from error
    finally:
        with suppress(ValueError):  # whoever reads only the first line has closed the file by now
            text.detach()  # else it would be closed under its owner's hands


def _workbook_rows(file):
    try:
        sheet = CalamineWorkbook.from_filelike(file).get_sheet_by_index(0)
        for cells in sheet.iter_rows():
            yield [_cell(value) for value in cells]
    except (CalamineError, IndexError, ValueError) as error:
        raise FileUnreadable(_("This workbook cannot be read. Save it as XLSX or CSV again.")) from error


def _cell(value):
    """A workbook's value as the text a person saw: whole numbers without ".0", dates as days."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if hasattr(value, "isoformat"):
        return value.isoformat()[:10]
    return str(value)


def _encoding(data):
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            return encoding
    try:
        data.decode("utf-8")
        return "utf-8"
    except UnicodeDecodeError:
        # One broken character in a long UTF-8 file does not make it another encoding.
        if _looks_like_utf8(data):
            return "utf-8"
    sample = data[:_SAMPLE].decode("cp1251", errors="replace")
    return "cp1252" if len(_LONE_CYRILLIC.findall(sample)) > len(_CYRILLIC_WORD.findall(sample)) else "cp1251"


def _looks_like_utf8(data):
    text = data.decode("utf-8", errors="replace")
    broken = text.count("\ufffd")
    whole = sum(1 for c in text[:_SAMPLE] if ord(c) > 127) - broken
    return whole > 4 * broken


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
        same = sum(1 for width in widths if width == widths[0]) / len(widths)
        score = (widths[0] - 1) * same
        if score > most:
            best, most = separator, score
    return best
