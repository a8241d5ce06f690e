"""What tickets registers."""

from django.utils.translation import gettext_lazy as _

from crm import access
from tickets.models import Article, Ticket

access.register("ticket", _("Tickets"), Ticket)
access.register("article", _("Knowledge base"), Article)
