"""Rules of retention: what is older than its time goes, a batch at a time, when somebody has switched the rule on.

A rule finds rows by age, by its condition (people only) and without those that are exempt: a legal hold, something
still under way, a purchase not long ago. An app declares what it can do and whom it spares:

    @retention.act("raw_letters", batch=500)    # gives (rows older than the day, fn(batch of rows))
    def raw_letters(rule, before): ...

    @retention.spares                           # gives a condition on contacts that stay
    def open_deals(rule): ...

Rows of one kind go by one statement a batch. People go one by one, each with a certificate; but whole tables are looked
through once for a batch of them.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import reduce
from operator import or_

from celery.exceptions import SoftTimeLimitExceeded
from dateutil.relativedelta import relativedelta
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, Sum
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from contacts.models import Contact, Erasure, LegalHold, RetentionRule, RetentionRun
from contacts.services.privacy import scanning
from contacts.services.privacy.beginning import ErasureRefused, begin
from contacts.services.privacy.erasing import erase
from contacts.services.privacy.person import person_of
from crm import conditions, files, jobs
from crm.models import Event, Job, StoredFile
from crm.notify import tell_administrators

log = logging.getLogger(__name__)

TRIAL = "contacts.retention_trial"
STOPPED = "privacy.rule_stopped"
Fault = RetentionRun.Fault
# A trial asks so many questions, and shows so many people.
STEPS, SAMPLE = 3, 10
VISITS = ("page.viewed",)
HELD, CHANGED, FAILED = "held", "changed", "failed"
REASONS = {
    CHANGED: _("something happened with this person while the rule was at work"),
    HELD: _("a legal hold was laid while the rule was at work"),
    FAILED: _("something went wrong; the log of the program says what"),
}


@dataclass(frozen=True)
class Act:
    """What rules do: `find(rule, before)` gives (rows, fn that takes a batch), `batch` how many rows at once."""

    find: Callable
    batch: int


_acts: dict[str, Act] = {}
_spares: list[Callable] = []


def act(name, *, batch):
    """Decorator: `fn(rule, before)` gives (rows, fn(rows of a batch)) of one act of the rules.

    The latter gives {key of a row: reason} of those it had to leave, or None.
    """

    def register(fn):
        _acts[name] = Act(fn, batch)
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
    return _acts[rule.act].find(rule, before(rule, now))


def spared(rule, now=None):
    """How many people are old enough and stay because they are exempt."""
    if rule.act != RetentionRule.Act.PEOPLE:
        return 0
    return _old_people(rule, before(rule, now)).filter(_exempt(rule)).count()


def trial(rule, now=None, step=lambda: None):
    """What a rule would do today, with nothing done: (RetentionRun, keys of the first rows).

    A rule that was changed meanwhile has not been tried: (None, []). Raises ConditionError when its condition asks about
    something that is not there any more.
    """
    rows, _take = found(rule, now)
    n = rows.count()
    step()
    stay = spared(rule, now)
    step()
    sample = list(rows.values_list("pk", flat=True)[:SAMPLE]) if rule.act == RetentionRule.Act.PEOPLE else []
    step()
    with transaction.atomic():
        now_is = RetentionRule.objects.select_for_update().filter(pk=rule.pk).first()
        if now_is is None or now_is.meaning != rule.meaning:
            return None, []
        return RetentionRun.objects.create(rule=rule, is_trial=True, found=n, spared=stay), sample


def start_trial(rule, *, by):
    """Begin to count what a rule would do. Returns the Job."""
    return jobs.start(TRIAL, by=by, params={"rule": rule.pk, "quiet": True}, subject=rule.name)


def last_trial(rule, by):
    """The newest trial that somebody began: a Job, or None."""
    return Job.objects.filter(by=by, kind=TRIAL, params__rule=rule.pk).order_by("-created_at", "-pk").first()


def sweep(rule, now=None, tell=lambda steps: None):
    """Carry a rule out for today, up to its limit a day. Returns the RetentionRun; one that is off does nothing.

    Whoever has to be left is noted in the run with the reason, and the others go on. A rule that cannot be carried out says
    why in its run, and keeps no other rule waiting.
    """
    run = RetentionRun.objects.create(rule=rule, day=timezone.localdate(now))
    try:
        _carry_out(rule, run, now, tell)
    except (jobs.JobCancelled, SoftTimeLimitExceeded):
        raise
    except conditions.ConditionError:
        _stop(run, Fault.CONDITION)
    except Exception:
        log.exception("The rule of retention %s could not be carried out.", rule.pk)
        _stop(run, Fault.FAILED)
    return run


def _carry_out(rule, run, now, tell):
    rows, take = found(rule, now)
    already = rule.runs.filter(day=run.day, is_trial=False).aggregate(n=Sum("done"))["n"] or 0
    run.found, run.spared = rows.count(), spared(rule, now)
    run.save(update_fields=["found", "spared"])
    while run.done + already < rule.daily and RetentionRule.objects.filter(pk=rule.pk, is_on=True).exists():
        rest = rows.exclude(pk__in=[pk for pk, _why in run.left]) if run.left else rows
        batch = list(rest[: min(_acts[rule.act].batch, rule.daily - already - run.done)])
        if not batch:
            break
        left = take(batch) or {}
        run.done += len(batch) - len(left)
        run.left += [[pk, why] for pk, why in left.items()]
        run.save(update_fields=["done", "left"])
        tell(len(batch))


def _stop(run, fault):
    """Note why a rule came to nothing; administrators hear of it the first night, not every night."""
    run.fault = fault
    if not RetentionRun.objects.filter(pk=run.pk).update(fault=fault):
        # The rule was deleted meanwhile, and its runs with it.
        return
    before = run.rule.runs.filter(is_trial=False, pk__lt=run.pk).first()
    if before is None or not before.fault:
        tell_administrators(
            STOPPED,
            lambda: (
                gettext("The rule of retention “%(name)s” stopped: %(why)s.")
                % {"name": run.rule.name, "why": run.get_fault_display()}
            ),
            run.rule.get_absolute_url(),
            key=str(run.pk),
        )


@act("people", batch=50)
def people(rule, day):
    """People with whom nothing has happened since the day, and who are not exempt."""
    meant = _old_people(rule, day).exclude(_exempt(rule)).order_by("pk")

    def take(rows):
        with scanning.once_for([person_of(contact) for contact in rows]):
            reasons = {contact.pk: _take_one(contact, meant) for contact in rows}
        return {pk: why for pk, why in reasons.items() if why}

    return meant, take


def _take_one(contact, meant):
    """Erase one person. Returns why they stay, or None: one of them never keeps the others waiting."""
    try:
        # The batch was read a while ago.
        if not meant.filter(pk=contact.pk).exists():
            return _why_not(contact)
        erase(begin(contact, by=None, cause=Erasure.Cause.RULE))
    except ErasureRefused:
        return _why_not(contact)
    except Exception:
        log.exception("The rule of retention could not erase the person %s.", contact.pk)
        return FAILED
    return None


def _why_not(contact):
    """Why somebody is not meant any more; None for those who are gone by now."""
    if LegalHold.objects.filter(contact=contact.pk).exists():
        return HELD
    return CHANGED if Contact.objects.filter(pk=contact.pk).exists() else None


def _old_people(rule, day):
    rows = Contact.objects.filter(created_at__lt=day).filter(Q(last_touch_at=None) | Q(last_touch_at__lt=day))
    lately = Event.objects.filter(contact_id=OuterRef("pk"), occurred_at__gte=day).exclude(kind__startswith="privacy.")
    rows = rows.filter(~Exists(lately))
    # Read anew: a field or kind of record that it asks about may be gone.
    tree = conditions.parse(rule.tree, "contact")
    return rows if conditions.is_empty(tree) else conditions.matching(rows, tree, "contact")


def _exempt(rule):
    held = Exists(LegalHold.objects.filter(contact=OuterRef("pk")))
    return reduce(or_, (spare(rule) for spare in _spares), Q(held))


@act("visits", batch=5000)
def visits(rule, day):
    """Visits of pages in the stream."""

    def take(rows):
        # Between the first and the last of them: only the months in which they stand are entered.
        some = Event.objects.filter(occurred_at__range=(rows[0].occurred_at, rows[-1].occurred_at))
        some.filter(id__in=[row.id for row in rows], occurred_at__lt=day, kind__in=VISITS).delete()

    return Event.objects.filter(kind__in=VISITS, occurred_at__lt=day).order_by("occurred_at"), take


@act("exports", batch=500)
def exports(rule, day):
    """Files that somebody exported: lists with many people."""

    def take(rows):
        files.remove_many(StoredFile.objects.filter(pk__in=[row.pk for row in rows]))

    return StoredFile.objects.filter(kind="export", created_at__lt=day).order_by("pk"), take


def years_ago(rule, now=None):
    """Since when a purchase spares a person; None when purchases do not matter."""
    return (now or timezone.now()) - timedelta(days=365.25 * rule.bought_within) if rule.bought_within else None
