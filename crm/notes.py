"""What people write on records: notes with mentions and files, mended and taken back; drafts; pins; reactions."""

from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from crm import files, timeline
from crm.events import record
from crm.models import Draft, Event, Note, Pin, Reaction, User
from crm.models.about import about
from crm.notify import notify


class NoteRefused(ValueError):
    """The act cannot be done; the message says why."""


@dataclass
class Written:
    """A note in the stream; `untold` are people it mentions who may not see the record and were not told."""

    event: Event
    note: Note
    untold: list


@transaction.atomic
def write_note(target, kind, text, *, by, uploads=(), contact=None, company=None, **data):
    """Write a text on a record and its event of that kind; tell who is mentioned. `uploads` are uuids of files."""
    mentions = mentioned(text)
    note = Note.objects.create(**about(target), author=by, text=text, mentions=[user.pk for user in mentions])
    if taken := files.take_uploads(uploads, by=by, target=target):
        Note.objects.filter(pk=note.pk).update(files=[file.uuid for file in taken])
    # What is written on a person or a company is about nothing else; on a deal or a ticket, it is about that.
    object_ = None if target in (contact, company) else target
    event = record(kind, contact=contact, company=company, target=object_, actor=by, note=note.pk, **data)
    forget_draft(target, by)
    return Written(event, note, _tell(str(note.pk), target, mentions, by))


@transaction.atomic
def edit_note(note, target, text, *, version, by):
    """Mend one's own note. Raises NoteRefused when it says something else by now. Returns who was not told."""
    now = Note.objects.select_for_update().get(pk=note.pk)
    if now.version != version:
        raise NoteRefused(_("You changed this note in another window meanwhile. Look at it again, then save."))
    if now.text == text:
        return []
    mentions = mentioned(text)
    now.text, now.mentions, now.edited_at = text, [user.pk for user in mentions], timezone.now()
    now.version += 1
    now.save()
    return _tell(str(now.pk), target, mentions, by)


def take_back(note):
    """Hide one's own note; the trail keeps it, and so does the way back."""
    Note.objects.filter(pk=note.pk, deleted_at=None).update(deleted_at=timezone.now())


def put_back(note):
    Note.objects.filter(pk=note.pk).update(deleted_at=None)


def tell_mentioned(text, target, *, by, key):
    """Tell those whom a text on a record mentions, where the text is kept elsewhere. Returns who was not told."""
    return _tell(key, target, mentioned(text), by)


def mentioned(text):
    """The active users whose names stand behind an @ in the text; a name that only begins a longer one is not meant."""
    if "@" not in text:
        return []
    users = User.objects.filter(is_active=True).exclude(name="").order_by("pk")
    found = [user for user in users if f"@{user.name}" in text]
    names = [f"@{user.name}" for user in found]
    return [u for u in found if _stands_alone(f"@{u.name}", text, names)]


def _stands_alone(name, text, others):
    """Whether the name stands somewhere where no longer one begins."""
    for other in others:
        if other != name and other.startswith(name):
            text = text.replace(other, "")
    return name in text


def may_see(user, target):
    """Whether that user may see the record."""
    return type(target).objects.visible_to(user).filter(pk=target.pk).exists()


def _tell(key, target, mentions, by):
    """Tell those who are mentioned, once for each key; returns those who may not see the record."""
    untold = []
    for user in mentions:
        if user == by:
            continue
        if not may_see(user, target):
            untold.append(user)
            continue
        with override(user.language):
            text = _("%(by)s mentions you: %(record)s") % {"by": by, "record": target}
        notify(user, "note.mention", text, target.get_absolute_url(), key=key)
    return untold


def draft_of(target, user):
    """What the user was writing on the record, or None."""
    return Draft.objects.about(target).filter(user=user).first()


def uploads_of(draft):
    """The files that a draft holds."""
    return files.uploads_of(draft.data.get("files", []), by=draft.user) if draft else []


@transaction.atomic
def keep_draft(target, user, data, *, version):
    """Keep what is being written; empty text takes it away. Returns (kept, row): not kept when another window was faster.

    `version` is what this window saw last, 0 for none.
    """
    row = Draft.objects.about(target).filter(user=user).select_for_update().first()
    if row and row.version != version:
        return False, row
    if not (data.get("text", "").strip() or data.get("subject", "").strip()):
        if row:
            row.delete()
        return True, None
    row = row or Draft(**about(target), user=user, version=0)
    row.data, row.version = data, row.version + 1
    row.save()
    return True, row


@transaction.atomic
def add_to_draft(target, user, data):
    """Put words into what the user is writing on the record: below what stands there, which stays what it is.

    `data` is like that of a draft. Says whether something stood there.
    """
    row = Draft.objects.about(target).filter(user=user).select_for_update().first()
    before = row.data if row else {}
    text = "\n\n".join(filter(None, [before.get("text", "").strip(), data["text"]]))
    copies = ", ".join(filter(None, [before.get("copies"), data.get("copies")]))
    files_ = [*before.get("files", []), *data.get("files", [])]
    held = {name: value for name, value in before.items() if value}
    words = data | held | {"text": text, "copies": copies, "files": files_}
    keep_draft(target, user, {name: value for name, value in words.items() if value}, version=row.version if row else 0)
    return bool(before)


def forget_draft(target, user):
    Draft.objects.about(target).filter(user=user).delete()


@transaction.atomic
def pin(target, event, *, by):
    """Let an entry stand above the others. Raises NoteRefused when enough do."""
    # The lock on the record makes two people who pin at once count one after the other.
    type(target).objects.select_for_update(of=["self"]).get(pk=target.pk)
    mine = Pin.objects.about(target)
    if mine.filter(event_id=event.id).exists():
        return
    if mine.count() >= timeline.PINS:
        raise NoteRefused(_("%(n)s entries are pinned already. Unpin one of them first.") % {"n": timeline.PINS})
    Pin.objects.create(**about(target), event_id=event.id, event_at=event.occurred_at, by=by)


def unpin(target, event):
    Pin.objects.about(target).filter(event_id=event.id).delete()


@transaction.atomic
def react(event, sign, *, by):
    """Put a sign on an entry or take one's own away again."""
    gone, _rows = Reaction.objects.filter(event_id=event.id, user=by, sign=sign).delete()
    if not gone:
        Reaction.objects.get_or_create(event_id=event.id, user=by, sign=sign)
