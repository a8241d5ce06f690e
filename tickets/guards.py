"""What tickets repeat of people and roles can limit."""

from crm.field_access import guard
from tickets.models import InboundMail, TicketMessage

guard("contact", "email", "", fields={TicketMessage: ["sender"], InboundMail: ["sender"]})
