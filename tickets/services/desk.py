"""What agents and clients do with a ticket."""

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from contacts.services.people import touch
from crm import notes, participants
from crm.events import record
from crm.notify import notify
from tickets.models import DeskSettings, Ticket, TicketMessage
from tickets.services.answers import send_answer
from tickets.services.promises import promise, run_on, worked
from tickets.services.surveys import ask_for_rating

Status = Ticket.Status


class NewerMessage(Exception):
    """The client wrote while the agent was answering."""


@transaction.atomic
def open_ticket(
    *,
    subject,
    requester=None,
    mailbox=None,
    owner=None,
    by=None,
    channel="email",
    priority="normal",
    at=None,
    follows=None,
):
    """A new ticket with its promises. Messages are added apart."""
    at = at or timezone.now()
    ticket = Ticket(
        number=_next_number(),
        subject=(subject or _("(no subject)"))[:300],
        requester=requester,
        company=requester.company if requester else None,
        mailbox=mailbox,
        channel=channel,
        priority=priority,
        follows=follows,
        created_at=at,
    )
    ticket.assign_to(owner)
    promise(ticket)
    ticket.save()
    record("ticket.created", contact=requester, company=ticket.company, target=ticket, actor=by, at=at, channel=channel)
    return ticket


@transaction.atomic
def receive(ticket, *, text, html="", sender="", message_id="", images=(), automatic=False, at=None):
    """A message of the client. It opens a solved ticket again, unless a machine wrote it."""
    ticket = Ticket.objects.select_for_update().get(pk=ticket.pk)
    at = at or timezone.now()
    message = TicketMessage.objects.create(
        ticket=ticket,
        direction="in",
        text=text,
        html=html,
        sender=sender,
        message_id=message_id,
        images=list(images),
        is_automatic=automatic,
        created_at=at,
    )
    ticket.last_message_at = at
    if not automatic:
        if ticket.status in {Status.RESOLVED, Status.PENDING}:
            _wake(ticket, at)
        if ticket.owner:
            _tell_owner(ticket, message)
    ticket.save()
    if ticket.requester:
        touch(ticket.requester, at)
        record(
            "ticket.customer_wrote",
            contact=ticket.requester,
            company=ticket.company,
            target=ticket,
            at=at,
            text=text[:500],
        )
    return message


@transaction.atomic
def reply(ticket, text, *, by, seen=None, status=None, attachments=()):
    """Answer the client by mail, in the same thread of his mailbox.

    `seen` is the key of the newest message the agent had before him: raises NewerMessage when there is a newer one.
    """
    ticket = Ticket.objects.select_for_update().get(pk=ticket.pk)
    newest = ticket.messages.exclude(direction="note").order_by("-created_at", "-pk").first()
    if seen is not None and newest and newest.pk != seen and newest.direction == "in":
        raise NewerMessage
    message = TicketMessage.objects.create(ticket=ticket, direction="out", author=by, text=text)
    if ticket.requester and ticket.requester.email:
        delivery = send_answer(ticket, message, by, attachments)
        message.message_id, message.delivery_id = delivery.message_id, delivery.pk
        message.save(update_fields=["message_id", "delivery_id"])
    now = message.created_at
    if ticket.first_response_at is None:
        ticket.first_response_at = now
        ticket.business_response = worked(ticket, now)
    if ticket.owner is None:
        ticket.assign_to(by)
    ticket.last_message_at = now
    ticket.save()
    if ticket.requester:
        touch(ticket.requester, now)
    notes.forget_draft(ticket, by)
    record("ticket.replied", contact=ticket.requester, company=ticket.company, target=ticket, actor=by, text=text[:500])
    set_status(ticket, status or (Status.OPEN if ticket.status == Status.NEW else ticket.status), by=by)
    return message


@transaction.atomic
def note(ticket, text, *, by):
    """A note that only colleagues see; those it mentions are told. Returns (message, who was not told)."""
    message = TicketMessage.objects.create(ticket=ticket, direction="note", author=by, text=text)
    if by is None:
        return message, []
    record("ticket.noted", contact=ticket.requester, company=ticket.company, target=ticket, actor=by)
    notes.forget_draft(ticket, by)
    return message, notes.tell_mentioned(text, ticket, by=by, key=f"ticket:{message.pk}")


@transaction.atomic
def set_status(ticket, status, *, by=None):
    """Move to a status. Waiting for the client stops the clock.

    A solution asks for a rating. So does closing what was never called solved, when a person does it and the desk's
    settings say so: for the client that is the end of the matter. What a machine closes asks nobody.
    """
    ticket = Ticket.objects.select_for_update().get(pk=ticket.pk)
    if ticket.status == status:
        return ticket
    now = timezone.now()
    before, was_open = ticket.status, ticket.is_open
    if before == Status.PENDING:
        run_on(ticket, ticket.paused_at, now)
        ticket.paused_at = None
    if status == Status.PENDING:
        ticket.paused_at = now
    if status in {Status.RESOLVED, Status.CLOSED} and was_open:
        ticket.resolved_at, ticket.business_resolution = now, worked(ticket, now)
    if status == Status.CLOSED:
        ticket.closed_at = now
    if status in Ticket.OPEN and not was_open:
        run_on(ticket, ticket.resolved_at, now)
        ticket.resolved_at = ticket.closed_at = None
        ticket.reopened += 1
    ticket.status = status
    ticket.save()
    kinds = {Status.RESOLVED: "ticket.resolved", Status.CLOSED: "ticket.closed"}
    kind = kinds.get(status) or ("ticket.reopened" if not was_open else "ticket.status_changed")
    record(
        kind,
        contact=ticket.requester,
        company=ticket.company,
        target=ticket,
        actor=by,
        label=status,
        before=before,
    )
    if status == Status.RESOLVED or (status == Status.CLOSED and was_open and by and DeskSettings.get().ask_on_close):
        ask_for_rating(ticket)
    return ticket


@transaction.atomic
def assign(ticket, owner, *, by, tell=True):
    """Give the ticket to a colleague, who is told unless the caller does it."""
    ticket = Ticket.objects.select_for_update().get(pk=ticket.pk)
    if ticket.owner == owner:
        return ticket
    ticket.assign_to(owner)
    ticket.save()
    record(
        "ticket.assigned",
        contact=ticket.requester,
        company=ticket.company,
        target=ticket,
        actor=by,
        to=str(owner or "–"),
    )
    if tell and owner and owner != by:
        with override(owner.language):
            text = _("%(ticket)s is yours now.") % {"ticket": ticket}
        notify(
            owner,
            "ticket.assigned",
            text,
            ticket.get_absolute_url(),
            key=f"{ticket.pk}:{owner.pk}:{ticket.updated_at:%s}",
        )
    return ticket


@transaction.atomic
def delete(ticket, *, by):
    """Delete a ticket with its conversation. The client's stream keeps that there was one."""
    record("ticket.deleted", contact=ticket.requester, company=ticket.company, actor=by, title=str(ticket))
    participants.forget(ticket)
    ticket.delete()


@transaction.atomic
def set_priority(ticket, priority, *, by):
    """Change the priority and, with it, the promises, counted from the receipt."""
    ticket = Ticket.objects.select_for_update().get(pk=ticket.pk)
    if ticket.priority != priority:
        ticket.priority = priority
        promise(ticket)
        ticket.save()
        record(
            "ticket.priority_changed",
            contact=ticket.requester,
            company=ticket.company,
            target=ticket,
            actor=by,
            label=priority,
        )
    return ticket


def note_put_back(ticket, before, *, by):
    """Say in the stream that a change of many tickets was taken back: `before` are the columns that have returned."""
    if "priority" in before:
        common = {"contact": ticket.requester, "company": ticket.company, "target": ticket, "actor": by}
        record("ticket.priority_changed", label=ticket.priority, **common)


def _wake(ticket, at):
    """The client is back: the clock runs again, and a solved ticket is open again."""
    if ticket.status == Status.PENDING:
        run_on(ticket, ticket.paused_at, at)
        ticket.paused_at = None
    else:
        run_on(ticket, ticket.resolved_at, at)
        ticket.resolved_at = None
        ticket.reopened += 1
        record(
            "ticket.reopened",
            contact=ticket.requester,
            company=ticket.company,
            target=ticket,
            at=at,
            label=Status.OPEN,
        )
    ticket.status = Status.OPEN


def _tell_owner(ticket, message):
    with override(ticket.owner.language):
        text = _("%(client)s wrote in %(ticket)s") % {
            "client": ticket.requester or message.sender,
            "ticket": ticket.label,
        }
    notify(ticket.owner, "ticket.answered", text, ticket.get_absolute_url(), key=f"message:{message.pk}")


def _next_number():
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('tickets_number')")
        return cursor.fetchone()[0]
