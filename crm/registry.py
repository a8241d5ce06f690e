"""What apps contribute to each other without importing each other. Filled by each app's extensions.py."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from django.urls import reverse

from crm import access


@dataclass(frozen=True)
class NavItem:
    """A place in the navigation. `count(user)` gives the figure beside it or None."""

    group: str  # "" | customers | sales | service | marketing | insight
    name: str
    url_name: str
    icon: str
    kind: str = ""
    order: int = 100
    count: Callable | None = None
    shortcut: str = ""  # the letter after g
    args: tuple = ()  # of its address

    @property
    def url(self):
        return reverse(self.url_name, args=self.args)


@dataclass(frozen=True)
class Command:
    """An act in the palette. Shown to those who may `act` on `kind`."""

    name: str
    url_name: str
    icon: str
    kind: str = ""
    act: str = "view"
    shortcut: str = ""
    words: str = ""  # further words by which it is found
    first: bool = False  # among the first steps that an empty company is offered
    args: tuple = ()  # of its address

    @property
    def url(self):
        return reverse(self.url_name, args=self.args)


@dataclass(frozen=True)
class Panel:
    """A block on a record page. `render(request, obj)` returns HTML or "" when there is nothing to show."""

    subject: str
    name: str
    title: str
    render: Callable
    place: str = "right"
    order: int = 100
    kind: str = ""
    icon: str = ""


@dataclass
class QueueItem:
    """One line of the Today page."""

    key: str
    icon: str
    title: str
    why: str
    url: str
    due_at: datetime | None = None
    whole_day: bool = False  # of the day of `due_at` no hour counts: it is late on the next
    amount: Decimal | None = None
    currency: str = ""
    customer: str = ""
    tone: str = ""  # red | green | hot | grey
    acts: list = field(default_factory=list)  # (label, url, icon) posted as forms
    weight: int = 0  # order among items without a due time, higher first


@dataclass(frozen=True)
class Periodic:
    """A Celery task that beat rings every so many seconds. It is a sweep: a missed ring heals itself."""

    task: str
    every: float
    queue: str = "default"


@dataclass(frozen=True)
class SettingsPage:
    """A page of the settings area, for those who may `act` on `kind` ("" is for everybody)."""

    name: str
    text: str
    url_name: str
    icon: str
    kind: str = "settings"
    act: str = "edit"
    order: int = 100

    @property
    def group(self):
        """ "own" for pages about the user, "company" for all others."""
        return "company" if self.kind else "own"


@dataclass(frozen=True)
class GroupTotal:
    """A figure of a whole group of companies: `figure(user, company_ids)` gives it as text, "" for none."""

    label: str
    figure: Callable
    order: int
    kind: str


@dataclass(frozen=True)
class TaskAct:
    """Something a higher app lets people do from a task: `url(task)`, for those who may edit `kind`."""

    label: str
    icon: str
    url: Callable
    kind: str


@dataclass(frozen=True)
class WorkTarget:
    """A kind of record on which work is planned: tasks, playbooks.

    `parties(obj)` gives its (contact, company), `refresh(pks)` lets the records repeat their earliest open task.
    """

    kind: str
    label: str  # of the model, as "deals.deal"
    parties: Callable
    refresh: Callable


_nav: list[NavItem] = []
_nav_providers: list[Callable] = []
_list_links: list[Callable] = []
_command_providers: list[Callable] = []
_panel_providers: list[Callable] = []
_commands: list[Command] = []
_panels: dict[str, list[Panel]] = defaultdict(list)
_queues: list[tuple[int, str, Callable]] = []
_done: list[Callable] = []
_periodic: list[Periodic] = []
_settings: list[SettingsPage] = []
_task_acts: list[TaskAct] = []
_work_targets: dict[str, WorkTarget] = {}
_group_totals: list[GroupTotal] = []
_seeders: list[tuple[int, str, Callable]] = []
_benchmarks: list[tuple[int, str, Callable]] = []


def nav(item):
    _nav.append(item)


def nav_provider(fn):
    """Decorator: `fn()` gives further places that are known only at run time."""
    _nav_providers.append(fn)
    return fn


def nav_for(user):
    """Navigation items the user may open, in order."""
    items = [*_nav, *(item for fn in _nav_providers for item in fn())]
    return sorted((i for i in items if not i.kind or access.may(user, i.kind)), key=lambda i: i.order)


def list_link(fn):
    """Decorator: `fn(page, user)` gives (label, icon, url) of what else may be done to a list, or None."""
    _list_links.append(fn)
    return fn


def list_links(page, user):
    """Further acts in the head of a list, for those lists whose actions show them."""
    return [found for fn in _list_links if (found := fn(page, user))]


def command(item):
    _commands.append(item)


def command_provider(fn):
    """Decorator: `fn()` gives further commands that are known only at run time."""
    _command_providers.append(fn)
    return fn


def commands_for(user):
    """Commands the user may run."""
    items = [*_commands, *(item for fn in _command_providers for item in fn())]
    return [c for c in items if not c.kind or access.may(user, c.kind, c.act)]


def panel(subject, *, name, title, place="right", order=100, kind="", icon=""):
    """Decorator: put a block on the page of a `subject` ("contact", "company", "deal", "ticket")."""

    def register(render):
        _panels[subject].append(Panel(subject, name, title, render, place, order, kind, icon))
        return render

    return register


def panel_provider(fn):
    """Decorator: `fn(subject)` gives further blocks that are known only at run time."""
    _panel_providers.append(fn)
    return fn


def panels_for(user, subject, place=None):
    """Blocks of a record page that the user may see, in order."""
    items = [*_panels.get(subject, []), *(item for fn in _panel_providers for item in fn(subject))]
    found = [p for p in items if place in (None, p.place) and (not p.kind or access.may(user, p.kind))]
    return sorted(found, key=lambda p: p.order)


def panel_named(user, subject, name):
    """One block, or None when there is none or the user may not see it."""
    return next((p for p in panels_for(user, subject) if p.name == name), None)


def today_queue(kind, *, order=100):
    """Decorator: `fn(user, now)` gives QueueItems for the Today page of those who may see `kind`."""

    def register(fn):
        _queues.append((order, kind, fn))
        return fn

    return register


def today_items(user, now):
    """All queue items of a user, late first, then by due time, then by weight."""
    items = [
        i for _order, kind, fn in sorted(_queues, key=lambda q: q[0]) if access.may(user, kind) for i in fn(user, now)
    ]
    return sorted(items, key=lambda i: (i.due_at is None, i.due_at or now, -i.weight))


def counts_done(fn):
    """Decorator: `fn(user, since)` says how many of the user's queue items have been done since then."""
    _done.append(fn)
    return fn


def done_since(user, since):
    """How much of the queue the user has done since then."""
    return sum(fn(user, since) for fn in _done)


def settings_page(item):
    _settings.append(item)


def settings_for(user):
    """Settings pages the user may open, in order."""
    return sorted((p for p in _settings if not p.kind or access.may(user, p.kind, p.act)), key=lambda p: p.order)


def task_act(item):
    _task_acts.append(item)


def task_acts_for(user):
    """Acts on a task that the user may start."""
    return [act for act in _task_acts if access.may(user, act.kind, "edit")]


def work_target(item):
    _work_targets[item.label] = item


def work_target_of(label):
    """How work on that model is planned; None when it is not."""
    return _work_targets.get(label)


def work_target_of_kind(kind):
    """The same by the kind that roles speak of."""
    model = next((known.model for known in access.kinds() if known.name == kind), None)
    return _work_targets.get(model._meta.label_lower) if model else None


def group_total(label, *, order=100, kind=""):
    """Decorator: `fn(user, company_ids)` gives a figure of a group for those who may see `kind`."""

    def register(fn):
        _group_totals.append(GroupTotal(label, fn, order, kind))
        return fn

    return register


def group_totals_for(user, company_ids):
    """(label, text) of the figures of a group of companies that the user may see."""
    rows = sorted(_group_totals, key=lambda t: t.order)
    found = [(t.label, t.figure(user, company_ids)) for t in rows if not t.kind or access.may(user, t.kind)]
    return [(label, text) for label, text in found if text]


def seeder(name, *, order):
    """Decorator: `fn(plan)` writes one app's part of the demo company; lower orders first."""

    def register(fn):
        _seeders.append((order, name, fn))
        return fn

    return register


def seeders():
    """(name, function) in order."""
    return [(name, fn) for _order, name, fn in sorted(_seeders, key=lambda s: s[0])]


def benchmark(name, *, order):
    """Decorator: `fn(user, n)` does n pieces of work on the database at hand, as production would, and takes away
    what it made. Returns figures {what: number}."""

    def register(fn):
        _benchmarks.append((order, name, fn))
        return fn

    return register


def benchmarks():
    """(name, function) in order."""
    return [(name, fn) for _order, name, fn in sorted(_benchmarks, key=lambda b: b[0])]


def periodic(task, *, every, queue="default"):
    _periodic.append(Periodic(task, every, queue))


def periodic_tasks():
    return list(_periodic)
