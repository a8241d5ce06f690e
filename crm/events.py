"""The stream of everything that happens with a customer.

`record()` writes an event in the transaction of the change itself and, for each subscriber, one outbox row. After
commit the workers deliver those at least once; a subscriber must therefore do nothing the second time.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from crm import access, bulk, outbox
from crm.models.event import Event


@dataclass(frozen=True)
class EventKind:
    """How an event reads in a timeline. `sentence` has {actor}, {target} and the keys of its data.

    `guarded` is {key of the data: what one must be allowed to view to be told it}, `reads` {key: function of the data
    that says it in the language of the reader, or None}.
    """

    name: str
    sentence: str
    icon: str
    group: str
    noisy: bool = False
    guarded: dict = field(default_factory=dict, hash=False)
    reads: dict = field(default_factory=dict, hash=False)

    def guards(self, key):
        """Whether not everybody who sees the record is told what stands under a key."""
        return key in self.guarded

    def told_to(self, user, data):
        """The data in the language of this user, with the words "hidden from you" for what is not for him."""
        data = data | {key: str(said) for key, read in self.reads.items() if (said := read(data)) is not None}
        hidden = {key for key, kind in self.guarded.items() if key in data and not access.may(user, kind)}
        return data | dict.fromkeys(hidden, _("hidden from you")) if hidden else data

    def plain(self, data, actor):
        """The sentence as plain text; what it names and nobody knows is left out."""
        words = defaultdict(str, {name: value for name, value in data.items() if isinstance(value, str | int | float)})
        words["actor"], words["target"] = actor, data.get("title", "")
        return " ".join(str(self.sentence).format_map(words).split())


@dataclass
class EventRow:
    """An event on its way in, for `record_many`."""

    kind: str
    contact_id: int | None = None
    company_id: int | None = None
    target_type: str = ""
    target_id: int | None = None
    actor_id: int | None = None
    at: datetime | None = None
    data: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Subscriber:
    name: str
    kinds: tuple
    handle: object


# Clocks differ a little. What is dated later than this has not happened yet: it is noted as of now, with the date it gave.
AHEAD = timedelta(minutes=5)
_COLUMNS = (
    "id", "occurred_at", "kind", "contact_id", "company_id", "actor_id", "target_type", "target_id", "data",
)  # fmt: skip
_kinds: dict[str, EventKind] = {}
_subscribers: dict[str, list[Subscriber]] = {}
_by_name: dict[str, Subscriber] = {}
_known_months: set[date] = set()


def declare(name, sentence, *, icon="point", group="changes", noisy=False, guarded=None, reads=None):
    """Make a kind of event known. Groups: talks, email, deals, service, web, orders, changes."""
    _kinds[name] = EventKind(name, sentence, icon, group, noisy, guarded or {}, reads or {})


def choice(choices, key):
    """For `reads`: the label of the choice that stands under a key of the data, or None."""
    labels = dict(choices)
    return lambda data: labels.get(data.get(key))


def kind_named(name):
    """How that kind reads; a plain line for one that nobody declared."""
    return _kinds.get(name) or EventKind(name, name, "point", "changes")


def kinds(group=None):
    """All declared kinds, or those of one timeline group."""
    return [k for k in _kinds.values() if group in (None, k.group)]


def subscribe(*kinds, name):
    """Decorator: deliver events of these kinds to `fn(event)`.

    `name` is unique and stays for ever: deliveries are keyed by it.
    """

    def register(handle):
        subscriber = Subscriber(name, kinds, handle)
        _by_name[name] = subscriber
        for kind in kinds:
            _subscribers.setdefault(kind, []).append(subscriber)
        return handle

    return register


def record(kind, *, contact=None, company=None, target=None, actor=None, at=None, **data):
    """Write one event and its deliveries; call it inside the transaction of the change. Returns the Event."""
    row = EventRow(
        kind,
        contact_id=contact.pk if contact else None,
        company_id=company.pk if company else None,
        target_type=target._meta.label_lower if target else "",
        target_id=target.pk if target else None,
        actor_id=actor.pk if actor and actor.pk else None,
        at=at,
        data=data,
    )
    return Event(**dict(zip(_COLUMNS, record_many([row])[0], strict=True)))


def record_many(rows):
    """Write events by one COPY. Returns what was written, as tuples of the event's columns, in the order given.

    Data must be JSON: decimals and dates as text.
    """
    if not rows:
        return []
    now = timezone.now()
    for row in rows:
        if row.at and row.at > now + AHEAD:
            row.at, row.data = now, {**row.data, "dated": row.at.isoformat()}
    # Partitions are cut at midnight UTC, whatever the zone in which an instant is given.
    for month in {at.astimezone(UTC).date().replace(day=1) for at in {row.at or now for row in rows}}:
        make_partitions(month, month)
    with transaction.atomic():
        ids = bulk.draw_numbers("crm_event_id_seq", len(rows))
        events = [
            (pk, r.at or now, r.kind, r.contact_id, r.company_id, r.actor_id, r.target_type, r.target_id, r.data)
            for pk, r in zip(ids, rows, strict=True)
        ]
        bulk.copy(Event, _COLUMNS, events)
        outbox.put_many(
            "event",
            [
                (f"{pk}:{subscriber.name}", {"event": pk, "at": at.isoformat(), "to": subscriber.name})
                for pk, at, kind, *_rest in events
                for subscriber in _subscribers.get(kind, [])
            ],
            queue="events",
        )
    return events


@outbox.handler("event", queue="events")
def deliver(payload):
    """Give one event to one subscriber. An event or subscriber that is gone is no error."""
    subscriber = _by_name.get(payload["to"])
    event = Event.objects.filter(id=payload["event"], occurred_at=datetime.fromisoformat(payload["at"])).first()
    if subscriber and event:
        subscriber.handle(event)


def make_partitions(first, last):
    """Make the monthly partitions from the month of `first` to that of `last` (dates), those that are missing."""
    month = first.replace(day=1)
    while month <= last:
        if month not in _known_months:
            _make_partition(month)
            # Inside a transaction that may yet be rolled back the partition is not certain to stay.
            if not connection.in_atomic_block:
                _known_months.add(month)
        month = (month + timedelta(days=32)).replace(day=1)


def _make_partition(month):
    following = (month + timedelta(days=32)).replace(day=1)
    name = f"crm_event_{month:%Y_%m}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s)", [name])
        if cursor.fetchone()[0]:
            return
        # Two processes may see the gap at once: the lock makes the second wait and look again.
        with transaction.atomic():
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('crm_event_partitions'))")
            cursor.execute("SELECT to_regclass(%s)", [name])
            if not cursor.fetchone()[0]:
                cursor.execute(
                    f"CREATE TABLE {connection.ops.quote_name(name)}"
                    " PARTITION OF crm_event FOR VALUES FROM (%s) TO (%s)",
                    [f"{month} 00:00+00", f"{following} 00:00+00"],
                )
