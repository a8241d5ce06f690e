"""Files in which rows of many people stand: lists that were exported or came to be imported. They are read to the end."""

import re
import zipfile
from html import escape

from contacts.models import ImportRun
from contacts.services.privacy import scanning
from crm.models import StoredFile

OF_MANY = ("export", "import")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
PIECE = 1 << 20


def with_people(texts):
    """Keys of the files in which one of these texts stands.

    Within a pass over whole tables each file is read once for everybody, and after that only those with somebody in them.
    """
    rows = StoredFile.objects.filter(kind__in=OF_MANY).exclude(pk__in=of_imports())
    if now := scanning.under_way():
        if now.files is None:
            now.files = _holding(rows, now.texts)
        rows = rows.filter(pk__in=now.files)
    return _holding(rows, texts)


def of_imports():
    """Keys of the files that imports read: they are emptied by themselves."""
    runs = ImportRun.objects.values_list("file_id", "table_id")
    return {pk for pair in runs for pk in pair if pk}


def named_in(values):
    """The files whose uuids stand in these values: own fields, lists of attachments or pictures."""
    return StoredFile.objects.filter(uuid__in={uuid for value in values for uuid in _UUID.findall(str(value))})


def _holding(rows, texts):
    return [row.pk for row in rows.order_by("pk").iterator() if holds(row, texts)]


def holds(file, texts):
    """Whether one of these texts stands in a file, which is read in pieces; a workbook is looked into."""
    try:
        content = file.content.open("rb")
    except (FileNotFoundError, ValueError):
        return False
    with content:
        if not zipfile.is_zipfile(content):
            content.seek(0)
            return _stands_in(content, [text.encode() for text in texts])
        wanted = [escape(text, quote=False).encode() for text in texts]
        with zipfile.ZipFile(content) as book:
            sheets = [name for name in book.namelist() if name.endswith(".xml")]
            return any(_sheet_holds(book, name, wanted) for name in sheets)


def _sheet_holds(book, name, wanted):
    with book.open(name) as sheet:
        return _stands_in(sheet, wanted)


def _stands_in(content, wanted):
    tail, longest = b"", max(map(len, wanted), default=0)
    while piece := content.read(PIECE):
        # Addresses are known in small letters, lists have them as they were written.
        seen = (tail + piece).lower()
        if any(text.lower() in seen for text in wanted):
            return True
        tail = (tail + piece)[-longest:] if longest else b""
    return False
