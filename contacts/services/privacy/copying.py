"""The copy of all data of one person: a page to read, a file for machines, and the files themselves, in one archive.

In it is what stands about the person, notes of colleagues included, for the law counts those in. Not in it: secrets and
hashes, what tells of other customers, and how the work of colleagues is organised.
"""

import json
import re
import tempfile
import zipfile
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from uuid import UUID

from django.contrib.staticfiles import finders
from django.core.files import File
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override
from pghistory.models import Event as Version

from contacts.models import Contact
from contacts.services.privacy import naming
from contacts.services.privacy.certificates import name_of
from contacts.services.privacy.declaring import is_hidden
from contacts.services.privacy.person import person_of
from contacts.services.privacy.ties import gather, key_of, reached, told_to
from crm import events, files
from crm.custom import all_fields, targets, values
from crm.files import safe_name
from crm.kept import kept
from crm.models import CustomField, Event, ObjectKind, ObjectRecord, StoredFile, User, Workspace

# On the page; the file for machines has all.
SHOWN = 500
KIND = "personal_data"
_SECRET = re.compile(
    r"token|salt|secret|password|fence|lease|^norm$|_key$|^key$|digits_reversed|search|^content$|^pgh_(id|obj|context)"
)
files.guard_kind(KIND)


def pack(contact, language, *, by, tell=lambda done, total: None):
    """Gather everything and keep it as an archive. Returns (StoredFile, {label: rows}).

    `tell(rows done, rows in all)` hears of each row, and that the work goes on before they are counted and while files are
    packed.
    """
    person = person_of(contact)
    found = gather(person, partial(tell, 0, 0)).with_shared()
    models = sorted((m for m in found if not is_hidden(m)), key=_place)
    total, done, counts = sum(len(found[m]) for m in models), 0, {}
    with override(language), timezone.override(Workspace.get().time_zone):
        tables = []
        for model in models:
            rows = []
            for row in told_to(person, model, found[model]).order_by(key_of(model)).iterator():
                rows.append(_plain(row, found))
                tell(done + len(rows), total)
            done += len(found[model])
            tell(done, total)
            if rows:
                counts[model._meta.label_lower] = len(rows)
                tables.append({"label": model._meta.label_lower, "name": name_of(model), "rows": rows})
        if named := naming.told(person):
            tables.append({"label": "named_in", "name": _("Named in fields of other records"), "rows": named})
        return _archive(contact, tables, _files(found), language, by=by, alive=partial(tell, total, total)), counts


def _place(model):
    """The person first, then what hangs on it, the trail of changes last."""
    return (issubclass(model, Version), model._meta.label_lower != "contacts.contact", model._meta.label_lower)


def _files(found):
    keys = found.get(StoredFile, ())
    return list(StoredFile.objects.filter(pk__in=keys).exclude(kind=KIND).exclude(content="").order_by("pk"))


def _plain(row, found):
    """{name: value} of a row as JSON, without secrets and without other people."""
    values = {}
    for field in row._meta.concrete_fields:
        if not _SECRET.search(field.name) and not field.generated:
            value = _related(row, field, found) if field.is_relation else field.value_from_object(row)
            if field.name == "custom":
                value = _own_values(row, value, found)
            elif field.name == "data" and isinstance(row, Event):
                value = {key: said for key, said in value.items() if not events.kind_named(row.kind).guards(key)}
            if value not in (None, "", [], {}):
                values[field.name] = value if isinstance(value, bool | int | float | list | dict) else _text(value)
    return values


def _related(row, field, found):
    """Colleagues and what the company has set up by name; rows of the person by number; of others nothing."""
    key = getattr(row, field.attname)
    if key is None:
        return None
    if field.related_model in reached():
        return key if key in found.get(field.related_model, ()) else None
    # The same few colleagues and settings stand in thousands of rows.
    return kept(("copy", field.related_model, key), partial(_name, field.related_model, key))


def _name(model, key):
    other = model._base_manager.filter(pk=key).first()
    return (other.name or None) if isinstance(other, User) else other and str(other)


def _own_values(row, custom, found):
    """{what people call the field: value}: records by name, of other people nothing."""
    said = dict(custom or {})
    for field in all_fields(_subject_of(row)):
        stored = said.pop(field.key, None)
        if field.kind == CustomField.Kind.CONTACT and stored not in found.get(Contact, ()):
            continue
        if text := _value(field, stored):
            said[field.key if field.label in said else str(field.label)] = text
    return said


def _value(field, stored):
    read = partial(values.text, field, stored)
    return kept(("copy", field.pk, stored), read) if field.is_reference else read()


def _subject_of(row):
    model = row.pgh_tracked_model if isinstance(row, Version) else type(row)
    if model is ObjectRecord:
        return next(kind.subject for kind in ObjectKind.everything() if kind.pk == row.kind_id)
    return next((target.subject for target in targets() if target.model is model), "")


def _text(value):
    if isinstance(value, datetime):
        return timezone.localtime(value).isoformat(timespec="seconds")
    if isinstance(value, date | Decimal | UUID):
        return str(value)
    return str(value)


def _archive(contact, tables, stored, language, *, by, alive):
    made_at = timezone.localtime()
    listed = [{"name": f.name, "path": _path(f), "size": f.size, "added": _text(f.created_at)} for f in stored]
    data = {"person": str(contact), "made_at": made_at.isoformat(timespec="seconds"), "tables": tables, "files": listed}
    with tempfile.TemporaryFile() as raw:
        with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("data.json", json.dumps(data, ensure_ascii=False, indent=1, default=str))
            archive.writestr("index.html", _page(contact, tables, listed, made_at, language))
            archive.write(finders.find("css/copy.css"), "copy.css")
            for file in stored:
                _add(archive, file, alive)
        raw.seek(0)
        name = f"{_('personal-data')}-{contact.pk}-{made_at:%Y-%m-%d}.zip"
        return files.store(File(raw, name=name), name, by=by, kind=KIND, limit=None)


def _path(file):
    return f"files/{file.pk}-{safe_name(file.name)}"


def _add(archive, file, alive):
    """A file that is named in the database and not in the storage is listed and missing."""
    try:
        with file.content.open("rb") as content, archive.open(_path(file), "w") as target:
            for piece in iter(lambda: content.read(1 << 20), b""):
                target.write(piece)
                alive()
    except FileNotFoundError:
        archive.writestr(_path(file) + ".missing.txt", _("This file is not there any more."))


def _page(contact, tables, listed, made_at, language):
    shown = []
    for table in tables:
        rows = [[(name, _words(value)) for name, value in row.items()] for row in table["rows"][:SHOWN]]
        shown.append({**table, "shown": rows, "more": max(0, len(table["rows"]) - SHOWN), "n": len(table["rows"])})
    context = {
        "contact": contact,
        "company": Workspace.get(),
        "tables": shown,
        "files": listed,
        "made_at": made_at,
        "language": language,
    }
    return render_to_string("contacts/copy.html", context)


def _words(value):
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return json.dumps(value, ensure_ascii=False, indent=1) if isinstance(value, list | dict) else str(value)
