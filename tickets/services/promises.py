"""Promised times: set from the receipt, moved by what the ticket waited, watched by a sweep.

What counts is working time in the calendar of the priority. A ticket that waits for the client, or was solved and came
back, stood still: its pauses are kept as facts and counted in whatever hours hold, so that another calendar or priority
moves them too. Promises and measured times leave them out.
"""

from datetime import datetime, timedelta
from uuid import uuid4

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from crm import outbox
from crm.clock import Hours, add_business, business_seconds
from crm.events import record
from crm.models import User
from crm.notify import notify
from tickets.models import SlaBreach, SlaTarget, Ticket

BATCH = 200
# A breach older than this is written down and wakes nobody: it was found late, after a standstill or an import.
NEWS = timedelta(hours=24)
# Where no hours are set every second counts.
ALWAYS = Hours("UTC", {day: [(0, 1440)] for day in range(7)})


def target_of(priority):
    """The promise for a priority, or None when none is set."""
    return (
        SlaTarget.objects.select_related("calendar")
        .prefetch_related("calendar__days")
        .filter(priority=priority)
        .first()
    )


def promise(ticket, target=None):
    """Set both due times from the receipt, as the priority promises. A calendar without working time promises nothing."""
    target = target or target_of(ticket.priority)
    ticket.first_response_due_at = ticket.resolution_due_at = None
    if target is None:
        return
    hours = target.calendar.hours()
    if ticket.pauses:
        ticket.waited = _paused(ticket, hours)
        ticket.waited_for_response = _paused(ticket, hours, until=ticket.first_response_at)
    try:
        ticket.first_response_due_at = add_business(
            hours, ticket.created_at, target.first_response * 60 + ticket.waited_for_response
        )
        ticket.resolution_due_at = add_business(hours, ticket.created_at, target.resolution * 60 + ticket.waited)
    except ValueError:
        ticket.first_response_due_at = ticket.resolution_due_at = None


def run_on(ticket, since, now):
    """The ticket stood still from `since` to `now`: both promises that are still open move by that working time."""
    if since is not None:
        ticket.pauses = [*ticket.pauses, [since.isoformat(), now.isoformat()]]
        promise(ticket)


def worked(ticket, now):
    """Working seconds from the receipt to now without the pauses; all seconds where no hours are set."""
    target = target_of(ticket.priority)
    hours = target.calendar.hours() if target else ALWAYS
    return max(0, business_seconds(hours, ticket.created_at, now) - _paused(ticket, hours, until=now))


def _paused(ticket, hours, until=None):
    """Working seconds of the pauses, of one that lasts too, as far as they lie before `until`."""
    spans = [(datetime.fromisoformat(since), datetime.fromisoformat(end)) for since, end in ticket.pauses]
    if ticket.paused_at and until:
        spans.append((ticket.paused_at, until))
    return sum(business_seconds(hours, since, min(end, until or end)) for since, end in spans)


def calendar_changed(calendar):
    """Working hours were edited: open tickets get their promises anew. Closed ones never change."""
    priorities = list(SlaTarget.objects.filter(calendar=calendar).values_list("priority", flat=True))
    recompute_later(priorities)


def recompute_later(priorities):
    """Have the promises of open tickets of these priorities counted anew by a worker."""
    for priority in priorities:
        outbox.put("tickets.promises", f"{priority}:{uuid4()}", {"priority": priority})


@outbox.handler("tickets.promises")
def recompute(payload):
    """Count the promises of open tickets of one priority anew; those that moved have it in their history."""
    target = target_of(payload["priority"])
    keys = Ticket.objects.open().filter(priority=payload["priority"]).order_by("pk").values_list("pk", flat=True)
    for key in list(keys):
        with transaction.atomic():
            ticket = Ticket.objects.open().select_for_update(of=["self"]).filter(pk=key).first()
            if ticket is None:
                continue
            before = ticket.first_response_due_at, ticket.resolution_due_at
            promise(ticket, target)
            if (ticket.first_response_due_at, ticket.resolution_due_at) != before:
                ticket.save()
                record("ticket.promise_moved", contact=ticket.requester, company=ticket.company, target=ticket)


def note_breaches(limit=BATCH):
    """Write down promises that were missed, each once, at the moment it was due. Returns how many."""
    now = timezone.now()
    rows = Ticket.objects.open().exclude(status=Ticket.Status.PENDING).select_related("owner", "requester", "company")
    late = [
        ("response", rows.filter(first_response_due_at__lt=now, first_response_at=None), "first_response_due_at"),
        ("resolution", rows.filter(resolution_due_at__lt=now), "resolution_due_at"),
    ]
    count = 0
    for clock, tickets, due in late:
        noted = SlaBreach.objects.filter(ticket=OuterRef("pk"), clock=clock, round=OuterRef("reopened"))
        for ticket in tickets.exclude(Exists(noted)).order_by(due, "pk")[:limit]:
            count += _breach(ticket, clock, getattr(ticket, due), now)
    return count


@transaction.atomic
def _breach(ticket, clock, due_at, now):
    row, new = SlaBreach.objects.get_or_create(
        ticket=ticket, clock=clock, round=ticket.reopened, defaults={"due_at": due_at}
    )
    if not new:
        return 0
    record(
        "ticket.overdue",
        contact=ticket.requester,
        company=ticket.company,
        target=ticket,
        at=due_at,
        label=clock,
    )
    if now - due_at < NEWS:
        _tell(ticket, row)
    return 1


def _tell(ticket, breach):
    people = (
        [ticket.owner] if ticket.owner else User.objects.filter(is_active=True, roles__code="support_lead").distinct()
    )
    for person in people:
        with override(person.language):
            text = _("%(ticket)s is late: %(promise)s") % {
                "ticket": ticket.label,
                "promise": breach.get_clock_display(),
            }
        notify(person, "ticket.overdue", text, ticket.get_absolute_url(), key=f"breach:{breach.pk}")
