from tickets.models.article import Article, Category
from tickets.models.inbound import DeskSettings, InboundMail
from tickets.models.mailbox import Mailbox
from tickets.models.sla import Priority, SlaBreach, SlaTarget
from tickets.models.ticket import Macro, Rating, Ticket, TicketMessage

__all__ = [
    "Article",
    "Category",
    "DeskSettings",
    "InboundMail",
    "Macro",
    "Mailbox",
    "Priority",
    "Rating",
    "SlaBreach",
    "SlaTarget",
    "Ticket",
    "TicketMessage",
]
