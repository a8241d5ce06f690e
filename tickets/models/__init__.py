from tickets.models.article import Article, Category
from tickets.models.mailbox import Mailbox
from tickets.models.sla import Priority, SlaTarget
from tickets.models.ticket import InboundMail, Macro, Rating, Ticket, TicketMessage

__all__ = [
    "Article",
    "Category",
    "InboundMail",
    "Macro",
    "Mailbox",
    "Priority",
    "Rating",
    "SlaTarget",
    "Ticket",
    "TicketMessage",
]
