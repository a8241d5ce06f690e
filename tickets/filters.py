"""What may be asked about tickets, and about people and companies by their tickets."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm import conditions
from crm.conditions import Behaviour, Field, Relation, Subject
from tickets.models import Priority, Ticket

conditions.subject(Subject("ticket", Ticket, _("Tickets")))
for field in (
    Field("subject", _("Subject"), "text", path="subject_key", key="subject_key"),
    Field("owner", _("Assigned to"), "person", path="owner_id"),
    Field("status", _("Status"), "choice", choices=Ticket.Status.choices),
    Field("priority", _("Priority"), "choice", choices=Priority.choices),
    Field("channel", _("Channel"), "choice", choices=[("email", _("Email")), ("phone", _("Phone"))]),
    Field("requester", _("Client"), "record", path="requester_id", subject="contact"),
    Field("company", _("Company"), "record", path="company_id", subject="company"),
    Field("received", _("Received"), "datetime", path="created_at"),
    Field("answered", _("First response"), "datetime", path="first_response_at"),
    Field("solved", _("Solved"), "datetime", path="resolved_at"),
    Field("due", _("Solution due"), "datetime", path="resolution_due_at"),
    Field("reopened", _("Reopened"), "number"),
    Field("tags", _("Tags"), "tags"),
):
    conditions.field("ticket", field)

conditions.relation(
    "contact",
    Relation(
        "tickets",
        _("Tickets"),
        "ticket",
        link="requester_id",
        at="created_at",
        says=_("asked for help"),
        says_not=_("did not ask for help"),
        kind_needed="ticket",
    ),
)
conditions.relation(
    "company",
    Relation(
        "tickets",
        _("Tickets"),
        "ticket",
        link="company_id",
        at="created_at",
        says=_("asked for help"),
        says_not=_("did not ask for help"),
        kind_needed="ticket",
    ),
)
conditions.behaviour(
    Behaviour(
        "ticket.rated",
        _("Rated us"),
        says=_("rated us"),
        says_not=_("did not rate us"),
        fields=[Field("score", pgettext_lazy("rating", "Score"), "number")],
    )
)
