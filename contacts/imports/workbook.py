"""Workbooks (XLSX, XLS, ODS) as CSV tables, by a process whose memory and time are limited."""

import json
import subprocess
import sys
from pathlib import Path

from django.utils.translation import gettext as _

from contacts.imports import workbook_process as process
from contacts.imports.reading import MOST_COLUMNS, FileUnreadable

_PROGRAM = Path(process.__file__)
_PATIENCE = process.SECONDS + 10


def to_csv(source, target, sheet=""):
    """Write a sheet of the workbook at the path `source` as UTF-8 CSV to the path `target`: the one named, else the first
    that holds anything. Returns the names of all that do. Raises FileUnreadable."""
    target.touch()
    command = [sys.executable, "-I", _PROGRAM, source, target, str(MOST_COLUMNS), sheet]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_PATIENCE, check=False)
        code = done.returncode
    except subprocess.TimeoutExpired:
        code = process.TOO_LARGE
    if code == process.TOO_WIDE:
        raise FileUnreadable(_("The sheet has more than %(n)s columns. Is this a table?") % {"n": MOST_COLUMNS})
    if code == process.UNREADABLE:
        raise FileUnreadable(_("This workbook cannot be read. Save it as XLSX or CSV again."))
    if code:
        # Too large by its own words, by the limits of the process, or ended by the system.
        raise FileUnreadable(_("This workbook unfolds to more than can be read at once. Save the sheet as CSV."))
    return json.loads(done.stdout)
