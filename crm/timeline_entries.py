"""How events read: sentences, notes with what hangs on them, reactions."""

import string
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.utils.html import escape, format_html, format_html_join
from django.utils.translation import gettext as _

from crm import access, confidential, events, field_access
from crm.models import Note, Pin, Reaction, StoredFile, User
from crm.signs import SIGNS

TONES = {"deals": "acc", "email": "blue", "service": "amber", "orders": "green", "talks": "green"}


@dataclass
class Entry:
    """One entry: when, an icon, a sentence in HTML, a body, and the entries that it gathers.

    `note` is what a person wrote, with `note_kind` and `note_pk` of the record it was written on; `reactions` are
    (sign, label, icon, number, whether the reader's own, names). `card` is what the event is about, when that has a
    form of its own below the sentence.
    """

    id: int
    at: datetime
    icon: str
    tone: str
    sentence: str
    body: str = ""
    note: Note | None = None
    note_kind: str = ""
    is_mine: bool = False
    files: list = field(default_factory=list)
    reactions: list = field(default_factory=list)
    is_pinned: bool = False
    card: object = None
    card_template: str = ""
    gathered: list = field(default_factory=list)


def entries_of(runs, obj, user):
    """Entries for lists of events that read as one each; a fixed number of queries whatever their number."""
    rows = [row for run in runs for row in run]
    if not rows:
        return []
    words = _Words(rows, obj, user)
    found = []
    for run in runs:
        entries = [words.entry(row) for row in run]
        head = entries[0]
        if len(entries) > 1:
            head = Entry(head.id, head.at, head.icon, head.tone, words.summary(run, head), gathered=entries)
        found.append(head)
    return found


class _Words:
    """What a page of events speaks of, looked up at once."""

    def __init__(self, rows, obj, user):
        self.user = user
        ids = [row.id for row in rows]
        notes = [row.data["note"] for row in rows if isinstance(row.data.get("note"), int)]
        self.notes = Note.objects.in_bulk(notes) if notes else {}
        self.pins = set(Pin.objects.about(obj).values_list("event_id", flat=True))
        self.reactions = defaultdict(list)
        for reaction in Reaction.objects.filter(event_id__in=ids).order_by("pk"):
            self.reactions[reaction.event_id].append(reaction)
        self.people = User.objects.in_bulk(self._people(rows))
        self.cards = {label: confidential.model_named(label) for label in {row.target_type for row in rows}}
        self.targets = _targets(rows, user, self.cards)
        files = [uuid for note in self.notes.values() for uuid in note.files]
        self.files = {f.uuid: f for f in StoredFile.objects.filter(uuid__in=files)} if files else {}

    def _people(self, rows):
        found = {row.actor_id for row in rows if row.actor_id}
        found |= {reaction.user_id for some in self.reactions.values() for reaction in some}
        return found | {pk for note in self.notes.values() for pk in note.mentions}

    def entry(self, row):
        kind = events.kind_named(row.kind)
        text = row.data.get("text", "")
        entry = Entry(
            row.id, row.occurred_at, kind.icon, TONES.get(kind.group, ""), self.sentence(row),
            body=text if isinstance(text, str) else "", reactions=self._signs(row), is_pinned=row.id in self.pins,
        )  # fmt: skip
        if note := self.notes.get(row.data.get("note")):
            self._write_note(entry, note)
        if self.cards.get(row.target_type):
            entry.card = self.targets.get((row.target_type, row.target_id))
            entry.card_template = self.cards[row.target_type].template
        return entry

    def _write_note(self, entry, note):
        if note.deleted_at:
            entry.body = format_html("<i>{}</i>", _("The author has taken this back."))
        else:
            names = [str(self.people[pk]) for pk in note.mentions if pk in self.people]
            entry.body = with_mentions(note.text, names)
            entry.files = [self.files[uuid] for uuid in note.files if uuid in self.files]
        entry.note, entry.note_kind = note, _kind_of(note.target_type)
        entry.is_mine = note.author_id == self.user.pk

    def sentence(self, row):
        kind = events.kind_named(row.kind)
        words = defaultdict(str, self.told(row))
        hidden = [key for key in row.data if field_access.hides_data(self.user, row.kind, key)]
        words |= dict.fromkeys(hidden, _("hidden from you"))
        words["actor"] = self.actor(row)
        words["target"] = _target_link(row, self.targets)
        if "field" in row.data:
            words["label"] = _label(row)
            words["after"] = _("hidden from you") if self.is_hidden(row) else _after(row)
        sentence = _Sentence().vformat(str(kind.sentence), words)
        if isinstance(row.data.get("minutes"), int):
            sentence = format_html("{} · {}", sentence, _("%(n)s min") % {"n": row.data["minutes"]})
        return sentence

    def told(self, row):
        """What the event says that the reader may know."""
        data = events.kind_named(row.kind).told_to(self.user, row.data)
        said = {k: v for k, v in data.items() if isinstance(v, str | int | float)}
        return {k: v for k, v in said.items() if not field_access.hides_data(self.user, row.kind, k)}

    def is_hidden(self, row):
        """Whether the event tells of a field that is hidden from the reader."""
        return field_access.hides_change(self.user, row.target_type, row.data["field"])

    def actor(self, row):
        actor = self.people.get(row.actor_id)
        return format_html("<b>{}</b>", actor or _("The program"))

    def summary(self, run, head):
        """What a run of edits says before it is opened."""
        labels = list(dict.fromkeys(_label(row) for row in run if "field" in row.data))
        if not labels or len(labels) > 4:
            return head.sentence
        words = {"actor": self.actor(run[0]), "labels": ", ".join(labels)}
        return _Sentence().vformat(_("{actor} changed: {labels}"), words)

    def _signs(self, row):
        found = defaultdict(list)
        for reaction in self.reactions[row.id]:
            found[reaction.sign].append(reaction.user_id)
        labels = dict(Reaction.Sign.choices)
        return [
            (
                sign,
                labels.get(sign, sign),
                SIGNS.get(sign, "thumb-up"),
                len(who),
                self.user.pk in who,
                ", ".join(str(self.people[pk]) for pk in who if pk in self.people),
            )
            for sign, who in found.items()
        ]


def with_mentions(text, names):
    """The text as HTML with the names that were mentioned made visible."""
    parts, rest = [], text
    while rest:
        places = [(rest.find(f"@{name}"), -len(name), name) for name in names if f"@{name}" in rest]
        if not places:
            parts.append(escape(rest))
            break
        at, _length, name = min(places)
        parts += [escape(rest[:at]), format_html('<b class="mention">@{}</b>', name)]
        rest = rest[at + len(name) + 1 :]
    return format_html_join("", "{}", ((part,) for part in parts))


class _Sentence(string.Formatter):
    """Fills a translated sentence; every value is escaped, a missing one is left out."""

    def vformat(self, text, words):
        named = {name: words[name] for _t, name, _s, _c in self.parse(text) if name}
        return format_html(text, **named) if named else escape(text)


def _kind_of(label):
    """What roles call a model."""
    return next((kind.name for kind in access.kinds() if kind.model and kind.model._meta.label_lower == label), "")


def _label(row):
    """The name of the field that was changed, in the reader's language."""
    field = _field(row)
    return str(field.verbose_name if field is not None else row.data.get("label") or row.data["field"])


def _field(row):
    """The field of a model that was changed; None for one of somebody's own."""
    try:
        return apps.get_model(row.target_type)._meta.get_field(row.data["field"])
    except (LookupError, ValueError, FieldDoesNotExist):
        return None


def _after(row):
    """What the field says since, a choice by its label in the reader's language."""
    field, said = _field(row), row.data.get("after")
    return (dict(field.flatchoices).get(said, said) if field is not None and said else said) or "–"


def _target_link(row, targets):
    found = targets.get((row.target_type, row.target_id))
    if found is not None:
        return format_html('<a class="link" href="{}">{}</a>', found.get_absolute_url(), found)
    if row.data.get("title"):
        return format_html("<b>{}</b>", row.data["title"]) if not row.target_type else _model_name(row.target_type)
    return _model_name(row.target_type) if row.target_type else ""


def _model_name(label):
    """What kind of record it is, for those that are gone or not for this reader."""
    try:
        return str(apps.get_model(label)._meta.verbose_name)
    except (LookupError, ValueError):
        return label


def _targets(rows, user, cards):
    """The records that events speak of, as far as the reader may see them; one query for each kind."""
    wanted = defaultdict(set)
    for row in rows:
        if row.target_type and row.target_id:
            wanted[row.target_type].add(row.target_id)
    found = {}
    for label, keys in wanted.items():
        if cards.get(label):
            found |= {(label, key): obj for key, obj in cards[label].cards(user, keys).items()}
            continue
        try:
            manager = apps.get_model(label).objects
        except (LookupError, ValueError):
            continue
        if hasattr(manager, "visible_to") and hasattr(manager.model, "get_absolute_url"):
            for obj in manager.visible_to(user).filter(pk__in=keys):
                found[label, obj.pk] = obj
    return found
