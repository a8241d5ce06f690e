"""CSV that is safe to open: no cell becomes a formula, and a phone keeps its plus."""

import csv
import io

# What spreadsheets take for the beginning of a formula, full-width signs too.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


def safe_cell(value):
    """A value as text. One that a spreadsheet could run gets an apostrophe before it; numbers stay numbers."""
    if value is None:
        return ""
    text = str(value)
    if text.lstrip(" \n\"'").startswith(_FORMULA) and not _is_number(text):
        return "'" + text
    return text


def plain_cell(text):
    """The opposite of `safe_cell`: without the apostrophe that keeps a formula text. Others stay."""
    return text[1:] if text[:1] == "'" and text[1:].lstrip(" \n\"'").startswith(_FORMULA) else text


def write_csv(out, header, rows, *, separator=","):
    """Write to a binary file: UTF-8 with a byte-order mark, so that spreadsheets read Cyrillic. Returns the row count."""
    text = io.TextIOWrapper(out, encoding="utf-8-sig", newline="", write_through=True)
    writer = csv.writer(text, delimiter=separator)
    writer.writerow([safe_cell(cell) for cell in header])
    count = 0
    for row in rows:
        writer.writerow([safe_cell(cell) for cell in row])
        count += 1
    text.detach()
    return count


def _is_number(text):
    """Plain negative numbers and E.164 phones cannot be formulas."""
    body = text[1:] if text[:1] in "+-" else text
    return bool(body) and body.isascii() and body.replace(".", "", 1).replace(",", "", 1).isdigit()
