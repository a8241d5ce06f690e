"""Files in which rows of many people stand: lists that were exported or came to be imported. They are read to the end."""

import io
import re
import zipfile
from html import escape

from django.db.models import Max, Q

from contacts.imports.encodings import encoding_of
from contacts.imports.reading import SAMPLE
from contacts.models import ImportRun
from contacts.services.privacy import scanning
from crm.models import StoredFile

OF_MANY = ("export", "import")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
# What people write between the digits of a phone.
_BETWEEN_DIGITS = re.compile(r"(?<=\d)[ \u00a0()./-]+(?=\d)")
PIECE = 1 << 20


def with_people(texts):
    """Keys of the exported files in which one of these texts stands."""
    return _holding("lists", StoredFile.objects.filter(kind__in=OF_MANY).exclude(pk__in=of_imports()), texts)


def imports_with(texts, step=lambda: None):
    """Keys of the files of imports in which one of these texts stands.

    Lines that were never taken, were left out, or made a record of an own kind lead to no person: only the file says it.
    `step()` is called after each file.
    """
    return _holding("imports", StoredFile.objects.filter(pk__in=of_imports()).exclude(size=0), texts, step)


def by_name_alone(person, holding, step=lambda: None):
    """Keys of the imports of these files that can still begin or go on and say nothing of the person but the name.

    Emptied, a file is lost to all others in it who do not stand here yet, and another may have the same name.
    """
    found = []
    runs = ImportRun.objects.filter(Q(file__in=holding) | Q(table__in=holding))
    runs = runs.filter(state__in=[ImportRun.State.DRAFT, ImportRun.State.STOPPED])
    for run in runs.select_related("file", "table"):
        if not any(holds(file, person.telling) for file in (run.file, run.table) if file):
            found.append(run.pk)
        step()
    return found


def of_imports():
    """Keys of the files that imports read: they are emptied by themselves."""
    runs = ImportRun.objects.values_list("file_id", "table_id")
    return {pk for pair in runs for pk in pair if pk}


def named_in(values):
    """The files whose uuids stand in these values: own fields, lists of attachments or pictures."""
    return StoredFile.objects.filter(uuid__in={uuid for value in values for uuid in _UUID.findall(str(value))})


def _holding(label, rows, texts, step=lambda: None):
    """Within a pass over whole tables each file is read once for everybody, and after that only those with somebody in them,
    and those that are newer than the pass."""
    if not texts:
        return []
    if now := scanning.under_way():
        if label not in now.files:
            last = StoredFile.objects.aggregate(n=Max("pk"))["n"] or 0
            now.files[label] = _read(rows, now.texts, step), last
        keys, last = now.files[label]
        rows = rows.filter(Q(pk__in=keys) | Q(pk__gt=last))
    return _read(rows, texts, step)


def _read(rows, texts, step):
    found = []
    for row in rows.order_by("pk").iterator():
        if holds(row, texts):
            found.append(row.pk)
        step()
    return found


def holds(file, texts):
    """Whether one of these texts stands in a file, which is read in pieces; a workbook is looked into."""
    try:
        content = file.content.open("rb")
    except (FileNotFoundError, ValueError):
        return False
    with content:
        if not zipfile.is_zipfile(content):
            content.seek(0)
            encoding = encoding_of(content, content.read(SAMPLE))
            content.seek(0)
            return _stands_in(content, encoding, _patterns(texts))
        wanted = _patterns(escape(text, quote=False) for text in texts)
        with zipfile.ZipFile(content) as book:
            sheets = [name for name in book.namelist() if name.endswith(".xml")]
            return any(_sheet_holds(book, name, wanted) for name in sheets)


def _sheet_holds(book, name, wanted):
    with book.open(name) as sheet:
        return _stands_in(sheet, "utf-8", wanted)


def _patterns(texts):
    """{text in small letters: pattern of it as a whole}; a phone is known without its plus too."""
    found = {}
    for text in texts:
        said = text.lower()
        if said.startswith("+"):
            found[said[1:]] = re.compile(rf"(?<!\d){re.escape(said[1:])}(?!\d)")
        else:
            found[said] = re.compile(scanning.whole(re.escape(said)))
    return found


def _stands_in(content, encoding, wanted):
    """Addresses are known in small letters and phones by their digits; lists have them as they were written."""
    # The owner of the file closes it.
    text = io.TextIOWrapper(content, encoding, errors="replace", newline="")
    try:
        return any(_is_in(seen, wanted) for piece in _pieces(text, wanted) for seen in _as_known(piece))
    finally:
        text.detach()


def _pieces(text, wanted):
    """Parts of a text that overlap by more than the longest of what is looked for."""
    tail, longest = "", 2 * max(map(len, wanted), default=0) + 2
    while piece := text.read(PIECE):
        yield tail + piece
        tail = (tail + piece)[-longest:]


def _as_known(piece):
    seen = piece.lower()
    return seen, _BETWEEN_DIGITS.sub("", seen)


def _is_in(seen, wanted):
    return any(text in seen and pattern.search(seen) for text, pattern in wanted.items())
