"""A list as a workbook. Loaded by the job alone: the library has no business in a web process."""

from datetime import date, datetime
from decimal import Decimal

from django.utils import timezone
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

# Of the format: rows in a sheet, letters in a cell.
SHEET, LONGEST = 1_000_000, 32_767


def write(raw, head, rows):
    """Write rows of values to a binary file, in as many sheets as they need; no text is a formula."""
    book = Workbook(write_only=True)
    sheet = _sheet(book, head)
    for n, values in enumerate(rows):
        if n and n % SHEET == 0:
            sheet = _sheet(book, head)
        sheet.append([_cell(sheet, value) for value in values])
    book.save(raw)


def _sheet(book, head):
    sheet = book.create_sheet()
    sheet.append([_cell(sheet, label) for label in head])
    return sheet


def _cell(sheet, value):
    if value is None or isinstance(value, bool | int | float | Decimal):
        return value
    if isinstance(value, datetime):
        return timezone.localtime(value).replace(tzinfo=None)
    if isinstance(value, date):
        return value
    cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", str(value))[:LONGEST])
    # What begins with an equals sign would be taken for a formula.
    cell.data_type = "s"
    return cell
