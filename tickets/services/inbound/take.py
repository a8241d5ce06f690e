"""One raw letter through the whole path. The same letter twice is once."""

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from contacts.models import Contact, ContactPoint
from contacts.services import people
from crm import files
from crm.events import record
from crm.models import Delivery
from tickets.models import InboundMail, Mailbox, Ticket, TicketMessage
from tickets.services import desk
from tickets.services.inbound import guard
from tickets.services.inbound.parse import parse

Outcome = InboundMail.Outcome
_OURS = re.compile(r"^<t(\d+)\.([0-9a-f]{20})\.\d+@")
_TOKEN = re.compile(r"\[#(\d{1,12})\]")
# A solved ticket older than this is history: its client gets a new one.
REOPEN_WITHIN = timedelta(days=30)


@dataclass
class Verdict:
    """What became of a letter."""

    outcome: str
    reason: str
    ticket: Ticket | None = None
    message_id: str = ""


def take(raw, *, mailbox=None):
    """Take one letter in. Returns a Verdict and keeps it in the ledger."""
    letter = parse(raw)
    mailbox = mailbox or Mailbox.objects.filter(address__in=[a for a in letter.to if a], is_active=True).first()
    known = InboundMail.objects.filter(message_id=letter.message_id, mailbox=mailbox).first()
    if known:
        return Verdict("duplicate", "this letter has been taken before", known.ticket, letter.message_id)
    try:
        with transaction.atomic():
            verdict = _judge(letter, mailbox)
            verdict.message_id = letter.message_id
            InboundMail.objects.create(
                mailbox=mailbox,
                message_id=letter.message_id,
                sender=letter.sender[:320],
                subject=letter.subject,
                outcome=verdict.outcome,
                reason=verdict.reason,
                ticket=verdict.ticket,
            )
            return verdict
    except IntegrityError:
        # Another worker took the same letter at the same moment: its verdict stands.
        known = InboundMail.objects.filter(message_id=letter.message_id, mailbox=mailbox).first()
        if known is None:
            raise
        return Verdict("duplicate", "this letter has been taken before", known.ticket, letter.message_id)


def _judge(letter, mailbox):
    if guard.is_ours(letter):
        return Verdict(Outcome.IGNORED, "our own letter came back")
    if guard.is_bounce(letter):
        return Verdict(Outcome.IGNORED, "a report of the mail system")
    if not letter.sender:
        return Verdict(Outcome.IGNORED, "no sender that could be answered")
    automatic = guard.is_automatic(letter)
    contact = person_of(letter)
    ticket = thread_of(letter, contact)
    if ticket is None and automatic:
        return Verdict(Outcome.IGNORED, "written by a machine and part of no ticket")
    _note_campaign_reply(letter, contact)
    verdict = Verdict(Outcome.ADDED, "answer to a ticket", ticket)
    if ticket is None:
        ticket = desk.open_ticket(subject=letter.subject, requester=contact, mailbox=mailbox, at=letter.sent_at)
        verdict = Verdict(Outcome.CREATED, "new request", ticket)
    message = desk.receive(
        ticket,
        text=letter.text,
        html=letter.html,
        sender=f"{letter.sender_name} <{letter.sender}>"[:320] if letter.sender_name else letter.sender,
        message_id=letter.message_id,
        automatic=automatic,
        at=letter.sent_at,
    )
    _keep_files(letter, message)
    return verdict


def person_of(letter):
    """The contact with the sender's address; a new one when nobody has it."""
    point = (
        ContactPoint.objects.filter(kind="email", norm=letter.sender, contact__isnull=False)
        .order_by("contact_id")
        .first()
    )
    if point:
        return point.contact
    first, _blank, last = letter.sender_name.partition(" ")
    return people.create_contact(
        by=None,
        first_name=first[:100],
        last_name=last[:100],
        email=letter.sender,
        source="email",
        stage=Contact.Stage.LEAD,
    )


def thread_of(letter, contact):
    """The ticket this letter belongs to, or None.

    Ids of our own letters count only with their key; ids of the client's own letters and the number in the subject
    only for that client. A ticket that is closed, or solved long ago, is not continued.
    """
    for reference in letter.references:
        ticket = _ticket_of_id(reference, contact)
        if ticket:
            return ticket if _continues(ticket) else None
    found = _TOKEN.search(letter.subject)
    if found:
        ticket = Ticket.objects.filter(number=int(found.group(1)), requester=contact).first()
        if ticket and _continues(ticket):
            return ticket
    return None


def _ticket_of_id(reference, contact):
    found = _OURS.match(reference)
    if found:
        pk, mark = found.groups()
        right = hmac.new(settings.SECRET_KEY.encode(), f"ticket:{pk}".encode(), hashlib.sha256).hexdigest()[:20]
        return Ticket.objects.filter(pk=pk).first() if hmac.compare_digest(mark, right) else None
    mine = TicketMessage.objects.filter(message_id=reference, direction="in", ticket__requester=contact)
    message = mine.select_related("ticket").first()
    return message.ticket if message else None


def _continues(ticket):
    if ticket.status == Ticket.Status.CLOSED:
        return False
    return ticket.is_open or ticket.resolved_at is None or ticket.resolved_at > timezone.now() - REOPEN_WITHIN


def _note_campaign_reply(letter, contact):
    """An answer to one of our campaign letters stands in the stream: sequences end by it."""
    delivery = Delivery.objects.filter(message_id__in=letter.references[:10], kind="campaign").first()
    if delivery:
        record("email.replied", contact=contact, company=contact.company, delivery=delivery.pk, subject=letter.subject)


def _keep_files(letter, message):
    for name, payload in letter.files[:50]:
        try:
            files.store(payload, name, target=message.ticket)
        except files.FileRefused as refusal:
            desk.note(message.ticket, str(refusal), by=None)
