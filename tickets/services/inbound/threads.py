"""Which ticket a letter belongs to."""

import re
from datetime import timedelta

from django.utils import timezone

from crm import keys
from crm.text import sort_key
from tickets.models import Ticket, TicketMessage

_OURS = re.compile(r"^<t(\d{1,18})\.([0-9a-f]{20})\.\d+@")
_TOKEN = re.compile(r"\[#(\d{1,12})\]")
_PREFIX = re.compile(r"^\s*((re|fwd?|aw|wg|ответ|пересл)(\[\d+\])?\s*:\s*)+", re.I)
# A solved ticket older than this is history: its client gets a new one.
REOPEN_WITHIN = timedelta(days=30)


def ticket_of(letter, contact, *, automatic=False):
    """(ticket the letter joins or None, ticket it continues or seems to belong to or None).

    Ids of our own letters count only with their key; ids of the client's own letters and the number in the subject
    only for that client. A ticket that is closed, or solved long ago, is continued by a new one; a machine's answer
    is laid to it all the same, quietly.
    """
    for ticket in named(letter, contact)[:1]:
        return (ticket, None) if automatic or _continues(ticket, letter) else (None, ticket)
    found = _TOKEN.search(letter.subject)
    ticket = Ticket.objects.filter(number=int(found.group(1))).first() if found else None
    if ticket is None:
        return None, None
    if contact is None or ticket.requester_id != contact.pk:
        # A stranger who knows the number: colleagues see the link, the ticket stays as it is.
        return None, ticket
    return (ticket, None) if automatic or _continues(ticket, letter) else (None, ticket)


def named(letter, contact):
    """Tickets that the ids of a letter lead to, the nearest first, each once."""
    ours = {reference: _own_key(reference) for reference in letter.references}
    tickets = Ticket.objects.in_bulk([key for key in ours.values() if key])
    found = {reference: tickets.get(key) for reference, key in ours.items() if key}
    if contact is not None:
        theirs = TicketMessage.objects.filter(
            message_id__in=letter.references, direction="in", ticket__requester=contact
        )
        found |= {row.message_id: row.ticket for row in theirs.select_related("ticket").order_by("-pk")}
    return list(dict.fromkeys(filter(None, (found.get(reference) for reference in letter.references))))


def _own_key(reference):
    """The ticket of an id that we gave, None for any other: the key in it cannot be guessed."""
    found = _OURS.match(reference)
    return int(found.group(1)) if found and keys.is_mark(found.group(2), "ticket", found.group(1)) else None


def _continues(ticket, letter):
    if ticket.status == Ticket.Status.CLOSED:
        return False
    if ticket.is_open:
        return True
    recent = ticket.resolved_at is None or ticket.resolved_at > timezone.now() - REOPEN_WITHIN
    return recent and (_same_subject(ticket, letter) or bool(_TOKEN.search(letter.subject)))


def _same_subject(ticket, letter):
    """Whether it is about the same thing: people press "reply" in an old letter and write about something new."""
    return not letter.subject or _bare(letter.subject) == _bare(ticket.subject)


def _bare(subject):
    return sort_key(_TOKEN.sub("", _PREFIX.sub("", subject)).strip())
