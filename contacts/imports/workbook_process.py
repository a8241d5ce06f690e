"""Turns one sheet of a workbook into CSV, the first that holds anything unless one is named, and says on its standard
output which sheets hold something (JSON). A program of its own that nothing here imports.

The library holds a whole sheet in memory, and a small file may unfold to gigabytes: so the limits of this process are
set before the file is opened, and what breaks them ends only this process. It exits with one of the codes below.
"""

import csv
import json
import os
import resource
import sys
import zipfile

UNREADABLE, TOO_LARGE, TOO_WIDE = 3, 4, 5
SECONDS = 60
MEGABYTE = 1024 * 1024
# Python, the library and the sheet: cells take up to forty times the room they take in the file.
MEMORY, PER_BYTE, MOST_MEMORY = 300 * MEGABYTE, 40, 3072 * MEGABYTE
# Sheets shrink to a tenth, seldom to a fiftieth. What shrinks further is no sheet.
RATIO, ALWAYS = 150, 50 * MEGABYTE
MOST_SHEETS = 50


def main(source, target, most_columns, wanted=""):
    """Exit code of the conversion."""
    size = os.path.getsize(source)
    memory = min(MEMORY + PER_BYTE * size, MOST_MEMORY)
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    if zipfile.is_zipfile(source) and unfolds_too_far(source, size):
        return TOO_LARGE
    from python_calamine import CalamineError, CalamineWorkbook  # after the limits, which are also its own

    try:
        sheets = CalamineWorkbook.from_path(source)
        return convert(sheets, target, most_columns, wanted)
    except MemoryError:
        return TOO_LARGE
    except (CalamineError, ValueError, OSError):
        return UNREADABLE


def unfolds_too_far(source, size):
    """Whether an archive says itself that it is larger than any workbook of its size."""
    with zipfile.ZipFile(source) as archive:
        whole = sum(item.file_size for item in archive.infolist())
    return whole > ALWAYS and whole > RATIO * size


def convert(book, target, most_columns, wanted):
    """Write the wanted sheet, else the first that has cells; tell the names of those that have."""
    held = {}
    for name in book.sheet_names[:MOST_SHEETS]:
        sheet = book.get_sheet_by_name(name)
        held |= {name: sheet.height} if sheet.height else {}
        if sheet.height and (name == wanted or not wanted and len(held) == 1):
            if sheet.width > most_columns:
                return TOO_WIDE
            write(sheet, target)
        del sheet  # one is held at a time
    print(json.dumps(list(held)))
    return 0


def write(sheet, target):
    with open(target, "w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        for cells in sheet.iter_rows():
            writer.writerow([shown(value) for value in cells])


def shown(value):
    """A value as the text a person saw: whole numbers without ".0", dates as days."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if hasattr(value, "isoformat"):
        return value.isoformat()[:10]
    return str(value)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), *sys.argv[4:5]))
