"""Files: sniffed, limited, kept under a random name, served only as downloads."""

import hashlib
import re
import unicodedata
import uuid
from mimetypes import guess_type

import puremagic
from django.apps import apps
from django.conf import settings
from django.core.files.base import ContentFile, File
from django.db import transaction
from django.http import Http404
from django.utils.translation import gettext as _

from crm.models.note import Draft
from crm.models.stored_file import StoredFile

_UNSAFE = re.compile(r"[\x00-\x1f\x7f/\\:*?\"<>|\u202a-\u202e\u2066-\u2069]+")
_BLOCKED = {".exe", ".bat", ".cmd", ".com", ".scr", ".msi", ".js", ".vbs", ".jar", ".ps1", ".lnk", ".hta"}


class FileRefused(ValueError):
    """The file may not be stored; the message says why and what to do."""


_DEFAULT = object()
# Files of these kinds leave by the pages of their own alone, which ask for more than seeing a record.
_guarded = set()


def guard_kind(kind):
    """Declare that files of a kind are not given out by their general address, to nobody."""
    _guarded.add(kind)


def store(content, name, *, by=None, target=None, kind="attachment", limit=_DEFAULT):
    """Keep bytes or an uploaded file. Returns the StoredFile.

    Raises FileRefused when it is empty, larger than `limit` (MAX_FILE_SIZE unless given, None for none), or a program.
    """
    file = (
        ContentFile(content) if isinstance(content, bytes) else content if isinstance(content, File) else File(content)
    )
    name = safe_name(name)
    check(file, name, settings.MAX_FILE_SIZE if limit is _DEFAULT else limit)
    file.seek(0)
    digest = _digest(file)
    file.seek(0)
    head = file.read(4096)
    file.seek(0)
    row = StoredFile(
        name=name,
        content_type=sniff(head, name),
        size=file.size,
        sha256=digest,
        kind=kind,
        by=by,
        target_type=target._meta.label_lower if target else "",
        target_id=target.pk if target else None,
    )
    row.content.save(name, file, save=False)
    row.save()
    return row


def check(file, name, limit):
    """Raise FileRefused for a file that is empty, larger than `limit` bytes (None for no limit), or a program."""
    if not file.size:
        raise FileRefused(_("“%(name)s” is empty. Choose another file.") % {"name": name})
    if limit is not None and file.size > limit:
        raise FileRefused(
            _("“%(name)s” is larger than %(limit)s MB. Make it smaller or split it.")
            % {"name": name, "limit": limit // 1024 // 1024}
        )
    if any(name.lower().endswith(ending) for ending in _BLOCKED):
        raise FileRefused(_("“%(name)s” is a program. Programs are not kept; put it into an archive.") % {"name": name})


def safe_name(name):
    """A file name without paths, control characters, direction marks; at most 150 characters, ending kept."""
    name = unicodedata.normalize("NFC", (name or "").replace("\\", "/").rsplit("/", 1)[-1])
    name = _UNSAFE.sub("", name).strip(" .") or "file"
    stem, dot, ending = name.rpartition(".")
    return name if len(name) <= 150 else f"{(stem or name)[:140]}{dot}{ending[:9]}"


def sniff(head, name):
    """Content type from the first bytes; the name decides only where they say nothing."""
    try:
        found = puremagic.from_string(head, mime=True, filename=name)
    except (puremagic.PureError, ValueError):
        found = ""
    return found or guess_type(name)[0] or "application/octet-stream"


def fetch_file(user, key):
    """The file, as far as the user may see what it belongs to. Raises Http404."""
    file = StoredFile.objects.filter(uuid=key).first()
    if file is None or file.kind in _guarded or not _visible(file, user):
        raise Http404
    return file


def files_of(target):
    """Files of a record, newest first."""
    return StoredFile.objects.filter(target_type=target._meta.label_lower, target_id=target.pk).order_by("-created_at")


def files_by_target(model, keys):
    """{key: [files in the order they came]} of many records of one model, in one query."""
    found = {}
    rows = StoredFile.objects.filter(target_type=model._meta.label_lower, target_id__in=keys).order_by("pk")
    for row in rows:
        found.setdefault(row.target_id, []).append(row)
    return found


def take_uploads(uuids, *, by, target):
    """Give files that `by` has just uploaded to a record. Returns them; those of others or given before are left out."""
    rows = uploads_of(uuids, by=by)
    for row in rows:
        row.kind, row.target_type, row.target_id = "attachment", target._meta.label_lower, target.pk
        row.save(update_fields=["kind", "target_type", "target_id"])
    return rows


def uploads_of(uuids, *, by):
    """Those of the files that `by` has uploaded and no record has taken over yet."""
    wanted = [u for u in map(_as_uuid, uuids) if u]
    return list(StoredFile.objects.filter(uuid__in=wanted, by=by, kind="upload", target_id=None).order_by("pk"))


def give_back(rows):
    """Let files of a record be uploads again, which the next record may take over."""
    rows.update(kind="upload", target_type="", target_id=None)


def attach(request, target):
    """Give the files of a form to a record: sent ahead by the script, or in the form itself. Says how many.

    Raises FileRefused when there is none, or one is not kept; those before it are then.
    """
    taken = take_uploads(request.POST.getlist("files"), by=request.user, target=target)
    sent = [store(upload, upload.name, by=request.user, target=target) for upload in request.FILES.getlist("file")]
    if not taken and not sent:
        raise FileRefused(_("Choose a file first."))
    return len(taken) + len(sent)


def remove(file):
    """Delete a file; what it holds goes when the transaction is certain."""
    file.delete()
    transaction.on_commit(lambda: file.content.delete(save=False))


def remove_many(rows):
    """Delete files by one statement; what they hold goes when the transaction is certain."""
    names = list(rows.exclude(content="").values_list("content", flat=True))
    rows.delete()
    storage = StoredFile._meta.get_field("content").storage
    transaction.on_commit(lambda: [storage.delete(name) for name in names])


def remove_strays(*, before, batch=200):
    """Delete uploads older than `before` that no record took over and no draft names. Returns how many, a batch at most."""
    named = [
        key
        for keys in Draft.objects.filter(data__has_key="files").values_list("data__files", flat=True)
        for key in keys
    ]
    strays = StoredFile.objects.filter(kind="upload", target_id=None, created_at__lt=before)
    rows = strays.exclude(uuid__in=[u for u in map(_as_uuid, named) if u])[:batch]
    for row in rows:
        row.content.delete(save=False)
        row.delete()
    return len(rows)


def _as_uuid(text):
    try:
        return uuid.UUID(str(text))
    except ValueError:
        return None


def _visible(file, user):
    model = apps.get_model(file.target_type) if file.target_type else None
    # What is private stays so for administrators, who see everything else.
    if user.is_superuser and not getattr(model, "access_private", False):
        return True
    if model is None:
        return file.by_id == user.pk
    rows = model.objects
    return hasattr(rows, "visible_to") and rows.visible_to(user).filter(pk=file.target_id).exists()


def _digest(file):
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    return digest.hexdigest()
