"""What agents and clients do with a ticket."""

from collections import Counter

from django.db import connection, transaction
from django.utils import timezone
from django.utils.html import format_html, linebreaks
from django.utils.translation import gettext as _
from django.utils.translation import override

from contacts.services.people import touch
from crm import keys
from crm.clock import add_business, business_seconds
from crm.events import record
from crm.mail import queue_mail
from crm.models import Workspace
from crm.notify import notify
from tickets.models import DeskSettings, SlaTarget, Ticket, TicketMessage
from tickets.services.surveys import ask_for_rating

Status = Ticket.Status
MOST_TAGS = 20


class NewerMessage(Exception):
    """The client wrote while the agent was answering."""


def target_of(priority):
    """The promise for a priority, or None when none is set."""
    return (
        SlaTarget.objects.select_related("calendar")
        .prefetch_related("calendar__days")
        .filter(priority=priority)
        .first()
    )


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


def promise(ticket):
    """Set both due times from the receipt, as the priority promises."""
    target = target_of(ticket.priority)
    if target is None:
        ticket.first_response_due_at = ticket.resolution_due_at = None
        return
    hours = target.calendar.hours()
    ticket.first_response_due_at = add_business(hours, ticket.created_at, target.first_response * 60)
    ticket.resolution_due_at = add_business(hours, ticket.created_at, target.resolution * 60)


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
        delivery = _send(ticket, message, by, attachments)
        message.message_id, message.delivery_id = delivery.message_id, delivery.pk
        message.save(update_fields=["message_id", "delivery_id"])
    now = message.created_at
    if ticket.first_response_at is None:
        ticket.first_response_at = now
        ticket.business_response = _worked(ticket, now)
    if ticket.owner is None:
        ticket.assign_to(by)
    ticket.last_message_at = now
    ticket.save()
    if ticket.requester:
        touch(ticket.requester, now)
    record("ticket.replied", contact=ticket.requester, company=ticket.company, target=ticket, actor=by, text=text[:500])
    set_status(ticket, status or (Status.OPEN if ticket.status == Status.NEW else ticket.status), by=by)
    return message


@transaction.atomic
def note(ticket, text, *, by):
    """A note that only colleagues see."""
    return TicketMessage.objects.create(ticket=ticket, direction="note", author=by, text=text)


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
        _shift(ticket, now)
    if status == Status.PENDING:
        ticket.paused_at = now
    if status in {Status.RESOLVED, Status.CLOSED} and was_open:
        ticket.resolved_at, ticket.business_resolution = now, _worked(ticket, now)
    if status == Status.CLOSED:
        ticket.closed_at = now
    if status in Ticket.OPEN and not was_open:
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
        label=str(Status(status).label),
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
            label=ticket.get_priority_display(),
        )
    return ticket


@transaction.atomic
def set_tags(ticket, tags, *, by):
    """Give the ticket these tags. Blanks are trimmed; one that differs only in size of letters is the same tag."""
    ticket = Ticket.objects.select_for_update().get(pk=ticket.pk)
    wanted = {}
    for tag in tags:
        tag = " ".join(tag.replace("\x00", "").split())[:60].strip()
        if tag:
            wanted.setdefault(tag.casefold(), tag)
    before, ticket.tags = ticket.tags, list(wanted.values())[:MOST_TAGS]
    if ticket.tags == before:
        return ticket
    ticket.save(update_fields=["tags", "updated_at"])
    came = [tag for tag in ticket.tags if tag not in before]
    went = [tag for tag in before if tag not in ticket.tags]
    words = ", ".join([*(f"+{tag}" for tag in came), *(f"−{tag}" for tag in went)])
    record(
        "ticket.tagged", contact=ticket.requester, company=ticket.company, target=ticket, actor=by, label=words[:300]
    )
    return ticket


def known_tags(user, limit=40):
    """The tags that the newest tickets carry which the user may see, the most used first."""
    newest = Ticket.objects.visible_to(user).exclude(tags=[]).order_by("-pk").values_list("tags", flat=True)[:1000]
    counts = Counter(tag for tags in newest for tag in tags)
    return [tag for tag, _n in counts.most_common(limit)]


def thread_id(ticket, message):
    """Message-ID of a reply. The key in it cannot be guessed, so an answer to it proves that its writer had our letter."""
    mark = keys.mark("ticket", ticket.pk)
    domain = (
        ticket.mailbox.address if ticket.mailbox else Workspace.get().mail_from or "rapport@localhost"
    ).rpartition("@")[2]
    return f"<t{ticket.pk}.{mark}.{message.pk}@{domain}>"


def _send(ticket, message, by, attachments):
    last = ticket.messages.filter(direction="in").exclude(message_id="").order_by("-created_at", "-pk").first()
    ids = list(ticket.messages.exclude(message_id="").exclude(direction="note").values_list("message_id", flat=True))[
        -20:
    ]
    signature = "\n\n-- \n" + (by.signature or ticket.mailbox.signature if ticket.mailbox else by.signature or by.name)
    subject = ticket.subject if ticket.subject.casefold().startswith("re:") else f"Re: {ticket.subject}"
    headers = {"References": " ".join(ids)} if ids else {}
    if last:
        headers["In-Reply-To"] = last.message_id
    name, address = ticket.mailbox.sender if ticket.mailbox else (Workspace.get().name, Workspace.get().mail_from)
    body = message.text + signature
    return queue_mail(
        kind="service",
        to=ticket.requester.email,
        to_name=ticket.requester.name,
        subject=f"{subject} [#{ticket.number}]" if f"[#{ticket.number}]" not in subject else subject,
        text=body,
        html=format_html("{}", linebreaks(body, autoescape=True)),
        from_=f'"{name}" <{address}>' if address else "",
        headers=headers,
        contact=ticket.requester,
        target=ticket,
        by=by,
        key=f"ticket-message:{message.pk}",
        attachments=attachments,
        message_id=thread_id(ticket, message),
    )


def _wake(ticket, at):
    """The client is back: the clock runs again, and a solved ticket is open again."""
    if ticket.status == Status.PENDING:
        _shift(ticket, at)
    else:
        ticket.resolved_at = None
        ticket.reopened += 1
        record(
            "ticket.reopened",
            contact=ticket.requester,
            company=ticket.company,
            target=ticket,
            at=at,
            label=str(Status.OPEN.label),
        )
    ticket.status = Status.OPEN


def _shift(ticket, now):
    """Move both promises by the working time that the ticket waited for the client."""
    target = target_of(ticket.priority)
    if target and ticket.paused_at:
        hours = target.calendar.hours()
        waited = business_seconds(hours, ticket.paused_at, now)
        if ticket.first_response_at is None and ticket.first_response_due_at:
            ticket.first_response_due_at = add_business(hours, ticket.first_response_due_at, waited)
        if ticket.resolution_due_at:
            ticket.resolution_due_at = add_business(hours, ticket.resolution_due_at, waited)
    ticket.paused_at = None


def _worked(ticket, now):
    """Working seconds from the receipt to now; calendar seconds where no hours are set."""
    target = target_of(ticket.priority)
    if target is None:
        return round((now - ticket.created_at).total_seconds())
    return business_seconds(target.calendar.hours(), ticket.created_at, now)


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
