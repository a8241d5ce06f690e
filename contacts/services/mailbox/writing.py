"""Writing from one's own mailbox: noted as a letter and a delivery, which goes by the user's own server when it is due."""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from contacts.models import Contact, ContactPoint, LetterParty, PersonalLetter
from contacts.services import letters
from contacts.services.letters import LetterRefused, TooLate, refused_copies
from contacts.services.mailbox import judging, keeping
from crm import files
from crm.mail import queue, queue_mail
from crm.mail.verdicts import send_again
from crm.models import Delivery
from crm.text import norm_email

State = PersonalLetter.State
PURPOSE = "contacts.personal"
# So long a letter can be taken back after "Send".
UNDO = timedelta(seconds=10)
MOST_COPIES = 20


@transaction.atomic
def write(mailbox, record, *, subject, text, to="", copies=(), answers=None, uploads=(), tracked=False, at=None):
    """Note a letter to a person or company for sending, at once or at a moment. Returns the PersonalLetter.

    `to` is one of the record's addresses, its main one when empty; `copies` are further addresses; `answers` the letter
    this one replies to. Raises LetterRefused with a sentence.
    """
    to = norm_email(to or record.email)
    _check(mailbox, record, to, copies, at)
    letter = PersonalLetter(
        mailbox=mailbox,
        owner=mailbox.user,
        state=State.WAITING,
        message_id=Delivery.new_message_id(norm_email(mailbox.address).rpartition("@")[2]),
        references=[answers.message_id, *answers.references][:50] if answers else [],
        subject=subject[:300],
        typed=text,
        answers=answers,
        sender=mailbox.address,
        sender_name=mailbox.user.name[:150],
        recipients=[[str(record), to], *(["", address] for address in copies)],
        is_tracked=tracked and may_track(record),
        sent_at=at or timezone.now(),
    )
    letter.thread = keeping.thread_of(mailbox, letter.message_id, letter.references)
    letter.text = full_text(letter)
    letter.save()
    keeping.add_parties(letter, dict.fromkeys([record, *judging.parties_of(list(copies), mailbox.user)]))
    kept = files.take_uploads(uploads, by=mailbox.user, target=letter)
    contact = record if isinstance(record, Contact) else None
    delivery = queue_mail(
        to=to,
        to_name=str(record),
        subject="",
        text="",
        contact=contact,
        by=mailbox.user,
        purpose=PURPOSE,
        account=f"mailbox:{mailbox.pk}",
        refs={"letter": letter.pk, "cc": [["", address] for address in copies]},
        message_id=letter.message_id,
        attachments=kept,
        due_at=max(at or timezone.now(), timezone.now() + UNDO),
    )
    letter.delivery_id = delivery.pk
    letter.save(update_fields=["delivery_id"])
    return letter


def _check(mailbox, record, to, copies, at):
    if not mailbox.is_on:
        raise LetterRefused(_("Your mailbox is not connected. Look at its settings."))
    letters.check(record, to, at)
    if len(copies) > MOST_COPIES:
        raise LetterRefused(_("A copy goes to %(most)s addresses at most.") % {"most": MOST_COPIES})
    if against := refused_copies(copies):
        raise LetterRefused(" ".join(against[copy] for copy in copies if copy in against))


def may_track(record):
    """Whether opens and clicks of this person may be noted: not when the workspace switched it off, nor against the
    word of the person."""
    return settings.LETTER_TRACKING and not (isinstance(record, Contact) and refuses_tracking(record))


def refuses_tracking(contact):
    """Who wants no letters with offers is not watched either."""
    return ContactPoint.objects.filter(contact=contact, kind="email", opted_out_at__isnull=False).exists()


def full_text(letter):
    """What was typed, the signature, and the letter that is answered."""
    parts = [letter.typed.rstrip(), f"-- \n{letter.owner.signature or letter.owner.name}"]
    if letter.answers:
        asked = letter.answers
        who = f"{asked.sender_name} <{asked.sender}>" if asked.sender_name else asked.sender
        day = timezone.localtime(asked.sent_at).strftime("%d.%m.%Y %H:%M")
        quote = "\n".join(f"> {line}".rstrip() for line in asked.text[:20_000].split("\n"))
        parts.append(_("%(day)s, %(who)s wrote:") % {"day": day, "who": who} + f"\n{quote}")
    return "\n\n".join(parts)


@transaction.atomic
def take_back(letter):
    """Stop a letter that waits; its files are uploads again. Raises TooLate when it is on its way.

    Returns what was in it, as the draft of a letter.
    """
    letters.take_back(letter.delivery_id)
    letter.state = State.CANCELLED
    letter.save(update_fields=["state"])
    attached = files.files_of(letter)
    found = {
        "kind": "email",
        "subject": letter.subject,
        "text": letter.typed,
        "to": letter.recipients[0][1],
        "copies": ", ".join(address for _name, address in letter.recipients[1:]),
        "answers": letter.answers_id,
        "files": [str(key) for key in attached.order_by("pk").values_list("uuid", flat=True)],
    }
    files.give_back(attached)
    return found


@transaction.atomic
def rewrite(letter, *, subject, text, at):
    """Change a letter that waits, or when it goes. Raises TooLate, LetterRefused."""
    letters.hold(letter.delivery_id)
    letters.check_moment(at)
    letter.subject, letter.typed, letter.sent_at = subject[:300], text, at
    letter.text = full_text(letter)
    letter.save(update_fields=["subject", "typed", "text", "sent_at"])
    Delivery.objects.filter(pk=letter.delivery_id).update(due_at=at)


@transaction.atomic
def retry(letter):
    """Send a letter again that failed or came back, under its Message-ID. Raises LetterRefused, TooLate."""
    if letter.state not in {State.FAILED, State.BOUNCED}:
        raise TooLate
    party = LetterParty.objects.filter(letter=letter).select_related("contact", "company").first()
    delivery = Delivery.objects.filter(pk=letter.delivery_id).first()
    if party is None or delivery is None:
        raise TooLate
    copies = [address for _name, address in delivery.copies]
    _check(letter.mailbox, party.contact or party.company, norm_email(delivery.to), copies, None)
    letter.state, letter.error = State.WAITING, ""
    letter.save(update_fields=["state", "error"])
    rows = Delivery.objects.filter(pk=delivery.pk)
    # What held it back holds it back no more.
    rows.filter(state=Delivery.State.SUPPRESSED).update(state=Delivery.State.FAILED)
    if not send_again(rows):
        raise TooLate
    transaction.on_commit(lambda: queue.ring_account(delivery.account))
