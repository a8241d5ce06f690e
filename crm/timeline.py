"""The timeline of a record: pages of the stream, newest first.

A page is read by key (time and number), so a record with 50,000 events opens as fast as one with 50: the index of the
record is walked from the key on, and nothing is counted or skipped over.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import BigIntegerField, Exists, OuterRef, Q
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast
from django.utils.translation import gettext as _

from crm import confidential, events
from crm.models import Event, Note, Pin
from crm.timeline_entries import entries_of

PAGE = 30
# So many rows are read for one page at most, because a run of edits is one entry.
LOOK = 4 * PAGE
RUN = timedelta(minutes=10)
PINS = 5


@dataclass(frozen=True)
class Wish:
    """Which part of a timeline: of a group, by a person, with some words in it, before a key."""

    group: str = ""
    by: int | None = None
    find: str = ""
    before: str = ""

    @classmethod
    def of(cls, params):
        """From a query string. Raises ValueError for what was tampered with."""
        by = params.get("by", "")
        find = params.get("find", "").strip().replace("\x00", "")[:100]
        return cls(params.get("group", ""), int(by) if by else None, find, params.get("before", ""))

    @property
    def is_narrow(self):
        return bool(self.group or self.by or self.find)


def groups():
    """(name, label) of the tabs above a timeline."""
    return [
        ("", _("Everything")),
        ("talks", _("Talks")),
        ("email", _("Email")),
        ("deals", _("Deals")),
        ("service", _("Service")),
        ("web", _("Web")),
        ("orders", _("Orders")),
        ("changes", _("Changes")),
    ]


def stream_of(obj, user):
    """The events of a record that the user may know of."""
    stream = _events_of(obj)
    for item in confidential.models():
        stream = stream.filter(~Q(target_type=item.label) | Exists(item.listed(user).filter(pk=OuterRef("target_id"))))
    return stream


def _events_of(obj):
    """Those of a person, of a company, or about any other object.

    Those of a company are what happened in its name, with its people too: an event says whose it was when it happened.
    """
    name = obj._meta.label_lower
    if name == "contacts.contact":
        return Event.objects.for_contact(obj)
    if name == "contacts.company":
        return Event.objects.for_company(obj)
    return Event.objects.about(obj)


def page(obj, user, wish):
    """(entries, key of the next page or ""). Raises ValueError for a key that is none."""
    rows = list(_narrowed(stream_of(obj, user), wish, user)[: LOOK + 1])
    is_cut, rows = len(rows) > LOOK, rows[:LOOK]
    runs = _runs(rows)
    if is_cut and len(runs) > 1 and len(runs) <= PAGE:
        # The last run may go on behind what was read: it opens the next page whole.
        runs.pop()
    shown, is_more = runs[:PAGE], is_cut or len(runs) > PAGE
    last = shown[-1][-1] if shown else None
    more = f"{last.occurred_at.isoformat()}|{last.id}" if is_more else ""
    return entries_of(shown, obj, user), more


def pinned(obj, user):
    """The entries that stand above all others, the last pinned first."""
    pins = list(Pin.objects.about(obj).order_by("-created_at", "-pk")[:PINS])
    if not pins:
        return []
    places = Q()
    for pin in pins:
        places |= Q(id=pin.event_id, occurred_at=pin.event_at)
    rows = {row.id: row for row in stream_of(obj, user).filter(places)}
    return entries_of([[rows[pin.event_id]] for pin in pins if pin.event_id in rows], obj, user)


def entry(obj, user, event_id):
    """One entry of a record's timeline, or None when it is not in it."""
    row = event_of(obj, user, event_id)
    return entries_of([[row]], obj, user)[0] if row else None


def event_of(obj, user, event_id):
    """The event with that number, as far as it stands in the record's stream; None else."""
    return stream_of(obj, user).filter(id=event_id).first()


def _narrowed(stream, wish, user):
    if wish.group:
        stream = stream.filter(kind__in=[kind.name for kind in events.kinds(wish.group)])
    if wish.by:
        stream = stream.filter(actor_id=wish.by)
    if wish.find:
        stream = stream.filter(_says(wish.find, user))
    if wish.before:
        at, _bar, number = wish.before.partition("|")
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None:
            raise ValueError(at)
        # Written so that the index and the partitions are entered at the moment itself.
        stream = stream.filter(occurred_at__lte=moment).exclude(occurred_at=moment, id__gte=int(number))
    return stream


def _says(words, user):
    """Events in whose text, title or subject the words stand."""
    note = Cast(KeyTextTransform("note", OuterRef("data")), BigIntegerField())
    notes = Note.objects.filter(pk=note, deleted_at=None, text__icontains=words)
    found = Q(Exists(notes))
    for key in ("text", "title", "subject", "page", "file"):
        found |= Q(**{f"data__{key}__icontains": words})
    for item in confidential.models():
        found |= Q(Exists(item.found(user, words).filter(pk=OuterRef("target_id"))), target_type=item.label)
    return found


def _runs(rows):
    """Rows in lists: edits and visits that one person made within ten minutes of each other are one."""
    runs = []
    for row in rows:
        last = runs[-1][-1] if runs else None
        if last is not None and _goes_on(last, row):
            runs[-1].append(row)
        else:
            runs.append([row])
    return runs


def _goes_on(later, row):
    one, other = events.kind_named(later.kind), events.kind_named(row.kind)
    return (
        one.noisy
        and other.noisy
        and one.group == other.group
        and (later.actor_id, later.contact_id) == (row.actor_id, row.contact_id)
        and later.occurred_at - row.occurred_at <= RUN
    )
