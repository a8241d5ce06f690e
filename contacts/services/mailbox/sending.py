"""What the mail queue asks about letters from personal mailboxes, and what it tells of them."""

from datetime import timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

from contacts.models import Contact, MailFolder, PersonalLetter, PersonalMailbox
from contacts.services.letters import REFUSED, refusal, refused_copies
from contacts.services.mailbox import accounts, keeping, links
from contacts.services.mailbox.writing import PURPOSE
from crm import outbox
from crm.mail import Content, Stop, account, guard, imap, on_outcome, on_report, renderer
from crm.mail.addresses import is_reserved, named
from crm.mail.compose import compose
from crm.mail.reasons import declare_reasons, reason_words
from crm.mail.servers import Server
from crm.models import Delivery
from crm.notify import notify
from crm.text import norm_email

State = PersonalLetter.State
COPY_REFUSED = "copy_refused"
declare_reasons({COPY_REFUSED: gettext_lazy("somebody who was to get a copy wants no letters any more")})
# The server's own copy in the folder of sent letters needs a moment to appear.
FILE_AFTER = timedelta(seconds=20)


@account("mailbox")
def server_of(key):
    """The SMTP server of a mailbox; None when it is not connected any more.

    In the demo, mailboxes in domains nobody can own write to the development mailbox.
    """
    mailbox = PersonalMailbox.objects.filter(pk=key).select_related("user").first()
    if mailbox is None or not mailbox.is_on:
        return None
    if settings.DEV_MAILBOX and is_reserved(mailbox.smtp_host):
        return Server(settings.EMAIL_HOST, settings.EMAIL_PORT, "none", guarded=False)
    try:
        return accounts.server_of(mailbox, "smtp")
    except accounts.NoToken:
        return None


@guard
def stops(deliveries):
    """What stands against a letter when it is about to go, read anew."""
    mine = [d for d in deliveries if d.purpose == PURPOSE]
    if not mine:
        return {}
    letters = PersonalLetter.objects.in_bulk([d.refs["letter"] for d in mine])
    people = Contact.objects.in_bulk({d.contact_id for d in mine if d.contact_id})
    copies = {address for delivery in mine for _name, address in delivery.copies}
    against = refused_copies(copies).keys() if copies else set()
    found = {}
    for delivery in mine:
        letter, contact = letters.get(delivery.refs["letter"]), people.get(delivery.contact_id)
        if letter is None or letter.state == State.CANCELLED or (delivery.contact_id and contact is None):
            found[delivery.pk] = Stop("nothing_to_send", "cancelled")
        elif contact and refusal(contact, norm_email(delivery.to)):
            found[delivery.pk] = Stop(REFUSED)
        elif against & {address for _name, address in delivery.copies}:
            found[delivery.pk] = Stop(COPY_REFUSED)
    return found


@renderer(PURPOSE)
def content_of(deliveries):
    """The letters as they stand now."""
    rows = PersonalLetter.objects.select_related("mailbox__user").in_bulk([d.refs["letter"] for d in deliveries])
    return {d.pk: _content(rows[d.refs["letter"]], d) for d in deliveries if d.refs["letter"] in rows}


def _content(letter, delivery, *, tracked=True):
    headers = {}
    if letter.references:
        headers["In-Reply-To"] = letter.references[0]
        headers["References"] = " ".join(reversed(letter.references[:20]))
    html = links.written(letter, delivery) if tracked and letter.is_tracked else links.plain(letter.text)
    return Content(letter.subject, letter.text, html, headers, sender=named(*letter.mailbox.sender))


@on_outcome
def note_outcomes(deliveries):
    """A letter that is sent stands in the timeline; one that is not waits above it with the reason."""
    mine = [d for d in deliveries if d.purpose == PURPOSE]
    rows = PersonalLetter.objects.select_related("mailbox__user", "owner").in_bulk([d.refs["letter"] for d in mine])
    for delivery in mine:
        letter = rows.get(delivery.refs["letter"])
        if letter is None:
            continue
        if delivery.state == Delivery.State.SENT:
            _sent(letter, delivery)
        elif delivery.state == Delivery.State.CANCELLED:
            PersonalLetter.objects.filter(pk=letter.pk).update(state=State.CANCELLED)
        else:
            _failed(letter, State.FAILED, " ".join(filter(None, [reason_words(delivery.reason), delivery.reply])))


def _sent(letter, delivery):
    letter.state, letter.error, letter.sent_at = State.SENT, "", delivery.settled_at or timezone.now()
    is_new, letter.told_at = letter.told_at is None, letter.told_at or timezone.now()
    letter.save(update_fields=["state", "error", "sent_at", "told_at"])
    if is_new:
        parties = letter.parties.select_related("contact__company", "company").order_by("pk")
        keeping.tell(letter, [party.contact or party.company for party in parties])
    outbox.put("mailbox.file", str(letter.pk), {"letter": letter.pk}, due_at=timezone.now() + FILE_AFTER)


@on_report
def note_report(delivery, report):
    """A letter that came back later."""
    if delivery.purpose != PURPOSE or report.kind != "failed":
        return
    letter = PersonalLetter.objects.select_related("owner").filter(pk=delivery.refs["letter"]).first()
    if letter:
        _failed(letter, State.BOUNCED, f"{report.status} {report.words}".strip())


def _failed(letter, state, words):
    letter.state, letter.error = state, words[:500]
    letter.save(update_fields=["state", "error"])
    with override(letter.owner.language):
        # Administrators read notifications: no word of the letter stands in one.
        text = _("A letter from your mailbox did not arrive.")
    notify(letter.owner, "mailbox.trouble", text, letter.get_absolute_url(), key=f"{state}:{letter.pk}")


@outbox.handler("mailbox.file", queue="events", atomic=False)
def file(payload):
    """Lay a copy of a sent letter into the mailbox's folder of sent letters, unless its server has done that itself."""
    letter = PersonalLetter.objects.select_related("mailbox__user").filter(pk=payload["letter"], filed_at=None).first()
    if letter is None or letter.mailbox.state != PersonalMailbox.State.ACTIVE:
        return
    folder = letter.mailbox.folders.filter(role=MailFolder.Role.SENT).order_by("-is_chosen", "pk").first()
    delivery = Delivery.objects.filter(pk=letter.delivery_id).first()
    if folder is None or delivery is None:
        return
    with imap.mailbox(accounts.server_of(letter.mailbox, "imap")) as box:
        box.look_at(folder.path)
        if not box.is_gmail and not box.holds(letter.message_id):
            # One's own copy has no pixel: looking at it is no reading of the letter.
            copy = compose(delivery, _content(letter, delivery, tracked=False), at=letter.sent_at)[2]
            box.add(folder.path, copy, letter.sent_at)
    PersonalLetter.objects.filter(pk=letter.pk).update(filed_at=timezone.now())
