"""One raw letter through the whole path. The same letter twice is once; one that breaks us waits for a person."""

import logging
from dataclasses import dataclass

from django.db import OperationalError, transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from contacts.models import Contact, ContactPoint
from contacts.services import invitation_replies, people
from contacts.services.replies import note_campaign_reply
from crm.mail.bounces import take_report
from crm.mail.incoming import guard
from crm.mail.incoming.keeping import keep_files
from crm.mail.incoming.parse import parse, unreadable_id
from crm.models import Notification, User, Workspace
from crm.notify import notify
from tickets.models import DeskSettings, InboundMail, Mailbox, Ticket
from tickets.services import desk
from tickets.services.inbound import ledger, threads

log = logging.getLogger(__name__)
Outcome = InboundMail.Outcome


@dataclass
class Verdict:
    """What became of a letter."""

    outcome: str
    reason: str
    ticket: Ticket | None = None
    message_id: str = ""


class Held(Exception):
    """The letter is to wait for a person; the message says why."""


def take(raw, *, mailbox=None):
    """Take one letter in. Returns a Verdict and keeps it in the ledger.

    A letter that cannot be read is parked there with the reason, never raised: only a database that is away is.
    """
    try:
        letter, broken = parse(raw), None
    except OperationalError:
        raise
    except Exception as error:
        letter, broken = None, error
    if letter is None:
        return park(raw, mailbox, broken)
    mailbox = mailbox or Mailbox.objects.filter(address__in=[a for a in letter.to if a], is_active=True).first()
    row, new = ledger.enter(
        raw, message_id=letter.message_id, mailbox=mailbox, sender=letter.sender, subject=letter.subject
    )
    return _settle(row, letter, raw) if new else _duplicate(row)


def park(raw, mailbox, error):
    """Keep a letter that cannot be taken in, with the reason, for a person to look at."""
    row, new = ledger.enter(raw, message_id=unreadable_id(raw), mailbox=mailbox)
    return _park(row, error) if new else _duplicate(row)


def take_again(row, *, trusted=True):
    """Take a letter in once more that was parked, held, or left by a dead worker. Returns a Verdict.

    `trusted`: a person has looked at it, so neither the limit for strangers nor the guard against machines stops it.
    """
    raw = ledger.raw_of(row)
    if raw is None:
        return Verdict(row.outcome, _("the original letter is no longer kept"), row.ticket, row.message_id)
    try:
        letter = parse(raw)
    except Exception as error:
        return _park(row, error)
    return _settle(row, letter, raw, trusted=trusted)


def _settle(row, letter, raw, *, trusted=False):
    """Judge a kept letter in one transaction; what breaks is undone and the letter parked."""
    try:
        with transaction.atomic():
            row = InboundMail.objects.select_for_update(of=["self"]).select_related("mailbox").get(pk=row.pk)
            if row.outcome in InboundMail.SETTLED:
                return _duplicate(row)
            verdict = _judge(letter, row, raw, trusted)
            _write(row, verdict)
    except OperationalError:
        raise
    except Held as held:
        verdict = Verdict(Outcome.HELD, str(held), None, row.message_id)
        _write(row, verdict)
    except Exception as error:
        return _park(row, error)
    verdict.message_id = row.message_id
    return verdict


def _judge(letter, row, raw, trusted):
    if guard.is_ours(letter):
        return Verdict(Outcome.IGNORED, "our own letter came back")
    if guard.is_report(letter):
        report, delivery = take_report(raw)
        if delivery:
            return Verdict(Outcome.REPORT, f"{report.kind}: {report.words or report.status}"[:300])
        if not guard.may_be_human(letter, report):
            return Verdict(Outcome.IGNORED, "a report of the mail system about no letter of ours")
    if said := invitation_replies.take_reply(raw, letter.sender):
        return Verdict(Outcome.IGNORED, said)
    if not letter.sender:
        return Verdict(Outcome.IGNORED, "no sender that could be answered")
    automatic = guard.is_automatic(letter)
    contact = _known_person(letter)
    ticket, follows = threads.ticket_of(letter, contact, automatic=automatic)
    if ticket is None and guard.is_answer_of_machine(letter) and not trusted:
        return Verdict(Outcome.IGNORED, "an automatic answer that belongs to no ticket")
    contact = contact or _new_person(letter, row, trusted)
    note_campaign_reply(letter, contact)
    verdict = Verdict(Outcome.ADDED, "answer to a ticket", ticket)
    if ticket is None:
        ticket = desk.open_ticket(
            subject=letter.subject, requester=contact, mailbox=row.mailbox, at=letter.received_at, follows=follows
        )
        verdict = Verdict(Outcome.CREATED, "new request", ticket)
        if row.mailbox and InboundMail.objects.filter(message_id=row.message_id, mailbox=row.mailbox).count() > 1:
            verdict.reason = "another letter carries the same id"
    row.entry = desk.receive(
        ticket,
        text=letter.text,
        html=letter.html,
        images=[{"url": url, "file": ""} for url in letter.images],
        sender=f"{letter.sender_name} <{letter.sender}>"[:320] if letter.sender_name else letter.sender,
        message_id=letter.message_id,
        automatic=automatic,
        at=letter.received_at,
    )
    with override(Workspace.get().language):
        _keep_files(letter, row.entry)
        _note_others(letter, contact, ticket)
    return verdict


def _known_person(letter):
    points = ContactPoint.objects.filter(kind="email", norm=letter.sender, contact__isnull=False)
    point = points.select_related("contact__company").order_by("contact_id").first()
    return point.contact if point else None


def _new_person(letter, row, trusted):
    """A contact for a stranger. Raises Held when the mailbox has met too many within the hour."""
    limit = DeskSettings.get().new_contacts
    if limit and not trusted:
        # One worker at a time counts for a mailbox, else two would both see room for the last one.
        Mailbox.objects.select_for_update().filter(pk=row.mailbox_id).first()
        if ledger.made_within_the_hour(row.mailbox) >= limit:
            raise Held("too many unknown senders within the hour")
    row.made_contact = True
    first, _blank, last = letter.sender_name.partition(" ")
    return people.create_contact(
        by=None,
        first_name=first[:100],
        last_name=last[:100],
        email=letter.sender,
        source="email",
        stage=Contact.Stage.LEAD,
    )


def _keep_files(letter, message):
    """Keep the files; notes say which are missing."""
    for sentence in keep_files(letter, message):
        desk.note(message.ticket, sentence, by=None)


def _note_others(letter, contact, ticket):
    """A letter that answers several tickets joins the nearest; its colleagues see which others it names."""
    others = [other.label for other in threads.named(letter, contact) if other != ticket]
    if others:
        desk.note(ticket, _("The letter also names %(tickets)s.") % {"tickets": ", ".join(others)}, by=None)


def _write(row, verdict):
    row.outcome, row.reason, row.ticket = verdict.outcome, verdict.reason[:300], verdict.ticket
    row.attempts += 1
    row.save(update_fields=["outcome", "reason", "ticket", "entry", "made_contact", "attempts"])
    if row.is_waiting:
        _tell(row)


def _park(row, error):
    log.exception("Letter %s cannot be taken in", row.pk, exc_info=error)
    verdict = Verdict(Outcome.FAILED, f"{type(error).__name__}: {error}".replace("\x00", ""), None, row.message_id)
    row.entry, row.made_contact = None, False
    _write(row, verdict)
    return verdict


def _duplicate(row):
    return Verdict("duplicate", "this letter has been taken before", row.ticket, row.message_id)


def _tell(row):
    """Once an hour for each mailbox those who lead the desk learn that letters wait."""
    key = f"{row.mailbox_id}:{timezone.now():%Y-%m-%dT%H}"
    if Notification.objects.filter(kind="mail.waiting", key=key).exists():
        return
    leads = Q(is_superuser=True) | Q(roles__code="support_lead")
    for person in User.objects.filter(leads, is_active=True).distinct():
        with override(person.language):
            text = _("Letters wait for a look: %(mailbox)s") % {"mailbox": row.mailbox or "–"}
        notify(person, "mail.waiting", text, reverse("tickets:letters") + "?show=waiting", key=key)
