"""What may be asked about tickets, and about people and companies by their tickets."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm import conditions
from crm.conditions import Behaviour, Field, Relation, Subject
from tickets.models import Article, Category, Priority, Ticket

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


def _categories():
    return [(row.pk, row.name) for row in Category.objects.all()]


conditions.subject(Subject("article", Article, _("Articles")))
for field in (
    Field("title", _("Title"), "text", path="title_key", key="title_key"),
    Field("category", _("Category"), "choice", path="category_id", choices=_categories),
    Field("language", _("Language"), "choice", choices=Article.language.field.choices),
    Field("state", _("State"), "choice", choices=Article.State.choices),
    Field("author", _("Author"), "person", path="author_id"),
    Field("helpful", _("Helpful"), "number"),
    Field("unhelpful", _("Not helpful"), "number"),
    Field("changed", _("Changed"), "datetime", path="updated_at"),
):
    conditions.field("article", field)

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
for subject, link in (("contact", "requester_id"), ("company", "company_id")):
    conditions.relation(
        subject,
        Relation(
            "open_tickets",
            _("Open tickets"),
            "ticket",
            link=link,
            at="created_at",
            says=_("have an open ticket"),
            says_not=_("have no open ticket"),
            rows=Ticket.objects.open,
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
