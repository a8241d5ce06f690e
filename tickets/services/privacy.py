"""What requests, letters and answers hold of a person."""

from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from contacts.services import privacy
from contacts.services.privacy import retention
from crm.models import StoredFile
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


@privacy.finder("tickets.ticketmessage")
def written_elsewhere(person):
    """What the person wrote in the request of somebody else."""
    return privacy.containing(TicketMessage, sorted(person.emails), "sender")


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


@retention.act("raw_letters")
def raw_letters(rule, day):
    """Letters as they came, with all their parts; what was said stands in the requests."""

    def take(rows):
        files = StoredFile.objects.filter(pk__in=[row.raw_id for row in rows])
        names = list(files.values_list("content", flat=True))
        n = files.delete()[1].get("crm.StoredFile", 0)
        for name in filter(None, names):
            StoredFile._meta.get_field("content").storage.delete(name)
        return n

    return InboundMail.objects.filter(raw__isnull=False, received_at__lt=day).order_by("pk"), take
