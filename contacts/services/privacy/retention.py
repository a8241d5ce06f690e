"""Rules of retention: what is older than its time goes, a batch a night, when somebody has switched the rule on.

A rule finds rows by age, by its condition (people only) and without those that are exempt: a legal hold, something
still under way, a purchase not long ago. An app declares what it can do and whom it spares:

    @retention.act("raw_letters")           # gives (rows older than the day, fn(batch of rows))
    def raw_letters(rule, before): ...

    @retention.spares                       # gives a condition on contacts that stay
    def open_deals(rule): ...
"""

from collections.abc import Callable
from datetime import timedelta
from functools import reduce
from operator import or_

from dateutil.relativedelta import relativedelta
from django.db.models import Exists, OuterRef, Q, Sum
from django.utils import timezone

from contacts.models import Contact, Erasure, LegalHold, RetentionRule, RetentionRun
from contacts.services.privacy.erasing import begin, erase
from crm import conditions
from crm.models import Event, StoredFile

BATCH = 100
VISITS = ("page.viewed",)
_acts: dict[str, Callable] = {}
_spares: list[Callable] = []


def act(name):
    """Decorator: `fn(rule, before)` gives (rows, fn(rows of a batch)) of one act of the rules."""

    def register(fn):
        _acts[name] = fn
        return fn

    return register


def spares(fn):
    """Decorator: `fn(rule)` gives a condition on contacts whom no rule erases."""
    _spares.append(fn)
    return fn


def before(rule, now=None):
    """The instant before which things are too old."""
    return (now or timezone.now()) - relativedelta(months=rule.months)


def found(rule, now=None):
    """(rows that a rule would take, in order; fn that takes a batch of them)."""
    return _acts[rule.act](rule, before(rule, now))


def spared(rule, now=None):
    """How many people are old enough and stay because they are exempt."""
    if rule.act != RetentionRule.Act.PEOPLE:
        return 0
    return _old_people(rule, before(rule, now)).filter(_exempt(rule)).count()


def trial(rule, now=None):
    """What a rule would do today, with nothing done: (RetentionRun, the first ten rows)."""
    rows, _take = found(rule, now)
    run = RetentionRun.objects.create(rule=rule, is_trial=True, found=rows.count(), spared=spared(rule, now))
    return run, list(rows[:10])


def sweep(rule, now=None, tell=lambda steps: None):
    """Carry a rule out for today, up to its limit a day. Returns the RetentionRun; one that is off does nothing."""
    today = timezone.localdate(now)
    rows, take = found(rule, now)
    already = rule.runs.filter(day=today, is_trial=False).aggregate(n=Sum("done"))["n"] or 0
    run = RetentionRun.objects.create(rule=rule, day=today, found=rows.count(), spared=spared(rule, now))
    left = max(0, rule.daily - already)
    while left and RetentionRule.objects.filter(pk=rule.pk, is_on=True).exists():
        batch = list(rows[: min(BATCH, left)])
        if not batch:
            break
        taken = take(batch)
        RetentionRun.objects.filter(pk=run.pk).update(done=run.done + taken)
        run.done, left = run.done + taken, left - len(batch)
        tell(len(batch))
        if not taken:
            break
    return run


@act("people")
def people(rule, day):
    """People with whom nothing has happened since the day, and who are not exempt."""

    def take(rows):
        for contact in rows:
            erase(begin(contact, by=None, cause=Erasure.Cause.RULE))
        return len(rows)

    return _old_people(rule, day).exclude(_exempt(rule)).order_by("pk"), take


def _old_people(rule, day):
    rows = Contact.objects.filter(created_at__lt=day).filter(Q(last_touch_at=None) | Q(last_touch_at__lt=day))
    lately = Event.objects.filter(contact_id=OuterRef("pk"), occurred_at__gte=day).exclude(kind__startswith="privacy.")
    rows = rows.filter(~Exists(lately))
    return rows if conditions.is_empty(rule.tree) else conditions.matching(rows, rule.tree, "contact")


def _exempt(rule):
    held = Exists(LegalHold.objects.filter(contact=OuterRef("pk")))
    return reduce(or_, (spare(rule) for spare in _spares), Q(held))


@act("visits")
def visits(rule, day):
    """Visits of pages in the stream."""

    def take(rows):
        return Event.objects.filter(id__in=[row.id for row in rows], occurred_at__lt=day, kind__in=VISITS).delete()[0]

    return Event.objects.filter(kind__in=VISITS, occurred_at__lt=day).order_by("occurred_at"), take


@act("exports")
def exports(rule, day):
    """Files that somebody exported: lists with many people."""

    def take(rows):
        for file in rows:
            file.content.delete(save=False)
            file.delete()
        return len(rows)

    return StoredFile.objects.filter(kind="export", created_at__lt=day).order_by("pk"), take


def years_ago(rule, now=None):
    """Since when a purchase spares a person; None when purchases do not matter."""
    return (now or timezone.now()) - timedelta(days=365.25 * rule.bought_within) if rule.bought_within else None
