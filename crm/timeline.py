"""The timeline of a record: pages of the stream as sentences.

A page is read by key (time and number), so a record with 50,000 events opens as fast as one with 50.
"""

import string
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from django.apps import apps
from django.db.models import Q
from django.utils.html import escape, format_html
from django.utils.translation import gettext as _

from crm import events
from crm.models import Event, User

PAGE = 30
TONES = {"deals": "acc", "email": "blue", "service": "amber", "orders": "green", "talks": "green"}


@dataclass
class Entry:
    """One line: when, an icon, a sentence in HTML, and a body when there is one."""

    at: datetime
    icon: str
    tone: str
    sentence: str
    body: str
    key: str


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


def stream_of(obj):
    """The events of a record: of a person, a company, or about any other object."""
    name = obj._meta.label_lower
    if name == "contacts.contact":
        return Event.objects.for_contact(obj)
    if name == "contacts.company":
        return Event.objects.for_company(obj)
    return Event.objects.about(obj)


def page(stream, user, *, group="", before=""):
    """(entries, key of the next page or ""). Raises ValueError for a key that is none."""
    if group:
        stream = stream.filter(kind__in=[kind.name for kind in events.kinds(group)])
    if before:
        at, _bar, number = before.partition("|")
        moment = datetime.fromisoformat(at)
        stream = stream.filter(Q(occurred_at__lt=moment) | Q(occurred_at=moment, id__lt=int(number)))
    rows = list(stream[: PAGE + 1])
    more = f"{rows[PAGE - 1].occurred_at.isoformat()}|{rows[PAGE - 1].id}" if len(rows) > PAGE else ""
    rows = rows[:PAGE]
    actors = User.objects.in_bulk({row.actor_id for row in rows if row.actor_id})
    targets = _targets(rows, user)
    return [_entry(row, actors, targets) for row in rows], more


def _entry(row, actors, targets):
    kind = events.kind_named(row.kind)
    words = defaultdict(str, {name: value for name, value in row.data.items() if isinstance(value, str | int | float)})
    actor = actors.get(row.actor_id)
    words["actor"] = format_html("<b>{}</b>", actor) if actor else format_html("<b>{}</b>", _("The program"))
    words["target"] = _target_link(row, targets)
    sentence = _Sentence().vformat(str(kind.sentence), words)
    if isinstance(row.data.get("minutes"), int):
        sentence = format_html("{} · {}", sentence, _("%(n)s min") % {"n": row.data["minutes"]})
    return Entry(
        row.occurred_at,
        kind.icon,
        TONES.get(kind.group, ""),
        sentence,
        row.data.get("text", "") if isinstance(row.data.get("text"), str) else "",
        f"{row.id}",
    )


class _Sentence(string.Formatter):
    """Fills a translated sentence; every value is escaped, a missing one is left out."""

    def vformat(self, text, words):
        named = {name: words[name] for _t, name, _s, _c in self.parse(text) if name}
        return format_html(text, **named) if named else escape(text)


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


def _targets(rows, user):
    """The records that events speak of, as far as the reader may see them; one query for each kind."""
    wanted = defaultdict(set)
    for row in rows:
        if row.target_type and row.target_id:
            wanted[row.target_type].add(row.target_id)
    found = {}
    for label, keys in wanted.items():
        try:
            manager = apps.get_model(label).objects
        except (LookupError, ValueError):
            continue
        if hasattr(manager, "visible_to") and hasattr(manager.model, "get_absolute_url"):
            for obj in manager.visible_to(user).filter(pk__in=keys):
                found[label, obj.pk] = obj
    return found
