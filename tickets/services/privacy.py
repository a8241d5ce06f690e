"""What requests, letters and answers hold of a person."""

from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils.translation import gettext, ngettext, override
from django.utils.translation import gettext_lazy as _

from contacts.services import privacy
from contacts.services.privacy import retention
from crm import files
from crm.models import Event, StoredFile, Workspace
from tickets.models import InboundMail, Ticket, TicketMessage

privacy.exempt(
    "What the company has set up; it tells of nobody.",
    *("tickets.category", "tickets.article", "tickets.articleevent", "tickets.mailbox", "tickets.mailboxevent"),
    *("tickets.slatarget", "tickets.slatargetevent", "tickets.macro", "tickets.desksettings", "tickets.desksettingsevent"),
)  # fmt: skip
privacy.anonymise(
    "tickets.ticket",
    why=_("How long a request took counts in the figures; what was written goes."),
    keep=["channel", "category", "pauses"],
    subject="–",
)
privacy.anonymise("tickets.rating", why=_("The score counts in the figures; the comment goes."))
privacy.anonymise("tickets.slabreach", why=_("That a promise was broken counts in the figures."), keep=["clock"])
privacy.tie("tickets.inboundmail", "ticket_id", "tickets.ticket")
privacy.tie("tickets.inboundmail", "entry_id", "tickets.ticketmessage")
privacy.page("tickets.ticket")


@privacy.finder("tickets.inboundmail")
def letters_held(person):
    """Letters that became no request: held, refused, from another of their addresses."""
    return privacy.containing(InboundMail, sorted(person.emails), "sender")


def written_elsewhere(person):
    """What the person wrote in the request of somebody else."""
    theirs = Q(ticket__requester__in=person.numbers)
    return privacy.containing(TicketMessage, sorted(person.emails), "sender").exclude(theirs)


def take_out(messages, person):
    """The request stays another's; that somebody wrote then is a part of it, what was written was the person's."""
    keys = [message.pk for message in messages]
    for message in messages:
        told = Event.objects.about(message.ticket).filter(kind="ticket.customer_wrote", occurred_at=message.created_at)
        told.update(data={})
    with override(Workspace.get().language):
        text = gettext("What stood here was erased together with the person who wrote it.")
    TicketMessage.objects.filter(pk__in=keys).update(sender="", text=text, html="", images=[], message_id="")


privacy.share(
    "tickets.ticketmessage",
    written_elsewhere,
    take_out,
    why=_("Written in the request of somebody else: that stays, what this person wrote in it goes."),
)


@privacy.finder("crm.storedfile")
def pictures_sent_elsewhere(person):
    """Pictures in what the person wrote there."""
    return privacy.files_named_in(written_elsewhere(person).values_list("images", flat=True))


@privacy.warns
def open_tickets(contact):
    n = Ticket.objects.filter(requester=contact).open().count()
    if not n:
        return []
    text = ngettext("%(n)s open ticket of this person", "%(n)s open tickets of this person", n) % {"n": n}
    return [(text, reverse("contacts:contact_show", args=[contact.pk]))]


@retention.spares
def has_open_tickets(rule):
    return Q(Exists(Ticket.objects.open().filter(requester=OuterRef("pk"))))


@retention.act("raw_letters", batch=500)
def raw_letters(rule, day):
    """Letters as they came, with all their parts; what was said stands in the requests."""

    def take(rows):
        files.remove_many(StoredFile.objects.filter(pk__in=[row.raw_id for row in rows]))

    return InboundMail.objects.filter(raw__isnull=False, received_at__lt=day).order_by("pk"), take
