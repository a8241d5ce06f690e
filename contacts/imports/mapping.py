"""Which column is what: by the headers that other systems write, by what the cells hold, and as it was chosen before."""

import hashlib
import re

from contacts.imports import values
from contacts.imports.targets import open_to, targets
from contacts.models import ImportRun
from crm.text import digits

REMEMBERED_RUNS = 20
# By which headers the files of a system are known, as `normal` writes them: all of one set.
_SYSTEMS = {
    "HubSpot": [{"record id", "lifecycle stage"}, {"record id", "contact owner"}, {"record id", "associated company"},
                {"record id", "lead status"}],
    "Bitrix24": [{"рабочий e mail", "рабочий телефон", "доступен для всех"}, {"work e mail", "available to everyone"},
                 {"id", "рабочий e mail"}, {"id", "экспорт контактов"}, {"id", "include in export"}],
    "amoCRM": [{"id", "полное имя контакта"}, {"id", "ближайшая задача"}, {"id", "рабочий прямой телефон"},
               {"id", "work direct phone"}],
    "Google": [{"e mail value", "group membership"}, {"e mail value", "labels"}, {"phone value", "labels"}],
    "EspoCRM": [{"account name", "email address"}, {"account", "address city"}, {"assigned user", "account"},
                {"assigned user name", "account name"}, {"контрагент", "ответственный"}],
    "Outlook": [{"e mail address", "business phone"}],
}  # fmt: skip
_CAMEL = re.compile(r"(?<=[a-zа-я])(?=[A-ZА-Я])")
_WHOSE = re.compile(r"\((?:контакт|контакта|contact|компания контакта)\)\s*$", re.IGNORECASE)
_NUMBER = re.compile(r"\b\d+\b")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+$")
_PHONE = re.compile(r"\+?[\d\s().\-]{7,20}$")
_NAME = re.compile(r"[^\W\d_]+(?:[ -][^\W\d_]+\.?){1,3}$")


def normal(header):
    """A header as it is compared: lower case, ё as е, punctuation as blanks, without numbers and whose it is.

    >>> normal("E-mail 2 - Value"), normal("addressPostalCode"), normal("Должность (контакт)")
    ('e mail value', 'address postal code', 'должность')
    """
    text = _CAMEL.sub(" ", _WHOSE.sub("", header)).casefold().replace("ё", "е")
    text = _NUMBER.sub(" ", re.sub(r"[\W_]+", " ", text))
    return " ".join(text.split())


def known_headers():
    """{normal header: name of the target}."""
    found = {}
    for item in targets().values():
        for name in (*item.headers, item.name, str(item.label)):
            found.setdefault(normal(name), item.name)
    return found


def guess(headers, samples=()):
    """{column index as text: target}; of two columns for one target that takes only one, the first wins.

    `samples` are lists of cells: a column whose header says nothing is known by what stands in it.
    """
    known, kinds, mapping, taken = known_headers(), targets(), {}, set()
    for index, header in enumerate(headers):
        name = known.get(normal(header)) or _by_content(header, index, samples)
        if name and (kinds[name].many or name not in taken):
            mapping[str(index)] = name
            taken.add(name)
    if "full_name" in taken and "last_name" in taken and "first_name" not in taken:
        # “Имя” and “name” stand beside a last name: then it is the first name.
        index = next(i for i, name in mapping.items() if name == "full_name")
        mapping[index] = "first_name"
    return mapping


def header_line(rows, known=None):
    """Which of the first lines, as (number, cells), holds the column names; 0 when none does.

    Reports often begin with a title: the line with the most names that we know is taken, else the first one, unless
    addresses stand in it.
    """
    best, most = 0, 0
    known = known_headers() if known is None else known
    for line, cells in rows:
        n = sum(1 for cell in cells if normal(cell) in known)
        if n > most:
            best, most = line, n
    if best or not rows:
        return best
    line, cells = rows[0]
    return 0 if any(_EMAIL.match(cell.strip()) or len(digits(cell)) >= 7 for cell in cells) else line


def system_of(headers):
    """The name of the system that writes such headers, or ""."""
    found = {normal(header) for header in headers}
    return next((name for name, sets in _SYSTEMS.items() if any(needed <= found for needed in sets)), "")


def key_of(headers):
    """By what a file with the same columns is known again."""
    return hashlib.sha256("\x1f".join(map(normal, headers)).encode()).hexdigest()


def recall(run, user):
    """Take over what was chosen for the last file with the same columns, else what single columns were before.

    Returns the import that is remembered, or None.
    """
    if last := last_like(run, user):
        for name in ("mapping", "duplicates", "match", "overwrites", "system"):
            setattr(run, name, getattr(last, name))
        return last
    kinds = targets()
    learned = {}
    for before in _started(user).filter(by=user)[:REMEMBERED_RUNS]:
        for index, name in before.mapping.items():
            learned.setdefault(normal(before.headers[int(index)]), name)
    for index, header in enumerate(run.headers):
        name = learned.get(normal(header))
        is_free = name in kinds and (kinds[name].many or name not in run.mapping.values())
        if is_free and str(index) not in run.mapping:
            run.mapping[str(index)] = name
    return None


def last_like(run, user):
    """The last import that was started with the same columns, or None."""
    return _started(user, run.kind).filter(headers_key=run.headers_key).select_related("file").first()


def _started(user, kind=None):
    rows = ImportRun.objects.visible_to(user).filter(kind=kind)
    return rows.exclude(state=ImportRun.State.DRAFT).order_by("-created_at")


def columns(mapping, user=None):
    """The mapping as a list of (column index, target), those that are still known and that the user may write."""
    kinds = open_to(user)
    return [(int(index), kinds[name]) for index, name in mapping.items() if name in kinds]


def _by_content(header, index, samples):
    """The target that the cells of a column speak for, or None. Digits and names count only without a header."""
    cells = [row[index].strip() for row in samples if index < len(row) and row[index].strip()]
    cells = [cell for cell in cells if not values.is_nothing(cell)]
    if not cells:
        return None
    patterns = {"email": _EMAIL} if header else {"email": _EMAIL, "phone": _PHONE, "full_name": _NAME}
    return next(
        (name for name, pattern in patterns.items() if sum(map(bool, map(pattern.match, cells))) > 0.6 * len(cells)),
        None,
    )
