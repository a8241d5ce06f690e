"""What may be asked about deals, orders and products, and about people and companies by what they bought."""

from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from contacts.models import Task
from crm import conditions
from crm.conditions import Field, Relation, Subject
from deals.models import Deal, DealLine, LossReason, Order, Product, Proposal, ProposalVersion, Stage


def _stages():
    rows = Stage.objects.select_related("pipeline").order_by("pipeline__position", "position")
    return [(stage.pk, f"{stage.pipeline} · {stage}") for stage in rows]


def _reasons():
    return [(reason.pk, reason.name) for reason in LossReason.objects.all()]


conditions.subject(Subject("deal", Deal, _("Deals"), event_link="target_id"))
for field in (
    Field("name", pgettext_lazy("of a thing", "Name"), "text", path="name_key", key="name_key"),
    Field("owner", _("Owner"), "person", path="owner_id"),
    Field("amount", _("Amount"), "money", path="amount_base"),
    Field("close_on", _("Expected close"), "date"),
    Field("stage", _("Stage"), "choice", path="stage_id", choices=_stages),
    Field("state", _("State"), "choice", choices=Stage.Kind.choices),
    Field("contact", _("Contact"), "record", path="contact_id", subject="contact"),
    Field("company", _("Company"), "record", path="company_id", subject="company"),
    Field("in_stage_since", _("In the stage since"), "datetime", path="stage_at"),
    Field("next_step", _("Next step"), "datetime", path="next_step_at"),
    Field("closed", _("Closed"), "datetime", path="closed_at"),
    Field("created", _("Created"), "datetime", path="created_at"),
    Field("source", _("Source"), "text"),
    Field("competitor", _("Competitor"), "text"),
    Field("loss_reason", _("Loss reason"), "choice", path="loss_reason_id", choices=_reasons),
):
    conditions.field("deal", field)

conditions.subject(Subject("order", Order, _("Orders")))
for field in (
    Field("number", pgettext_lazy("of a document", "Number"), "text", exact=True),
    Field("owner", _("Owner"), "person", path="owner_id"),
    Field("amount", _("Amount"), "money", path="amount_base"),
    Field("paid", _("Paid"), "datetime", path="paid_at"),
    Field("ordered", _("Ordered"), "datetime", path="ordered_at"),
    Field("source", _("Source"), "choice", choices=Order.Source.choices),
    Field("contact", _("Contact"), "record", path="contact_id", subject="contact"),
    Field("company", _("Company"), "record", path="company_id", subject="company"),
):
    conditions.field("order", field)

conditions.subject(Subject("product", Product, _("Products")))
for field in (
    Field("name", pgettext_lazy("of a thing", "Name"), "text", path="name_key", key="name_key"),
    Field("sku", _("Article number"), "text"),
    Field("category", _("Category"), "text"),
    Field("price", _("Price"), "money"),
    Field("active", _("For sale"), "boolean", path="is_active"),
):
    conditions.field("product", field)


def _newest(column):
    """That column of a proposal's version with the highest number."""
    versions = ProposalVersion.objects.filter(proposal=OuterRef("pk")).order_by("-number")
    return Subquery(versions.values(column)[:1])


conditions.subject(Subject("proposal", Proposal, _("Proposals")))
for field in (
    Field("title", _("Title"), "text"),
    Field(
        "status",
        _("Status"),
        "choice",
        expression=lambda: _newest("status"),
        choices=ProposalVersion.Status.choices,
    ),
    Field("seen", _("Seen"), "datetime", expression=lambda: _newest("last_viewed_at")),
    Field("owner", _("Owner"), "person", path="deal__owner_id"),
    Field("created", _("Created"), "datetime", path="created_at"),
):
    conditions.field("proposal", field)

conditions.subject(Subject("line", DealLine, _("Lines")))
for field in (
    Field("name", pgettext_lazy("of a thing", "Name"), "text"),
    Field("sku", _("Article number"), "text"),
    Field("qty", _("Quantity"), "number"),
    Field("price", _("Price"), "money"),
):
    conditions.field("line", field)

for relation in (
    Relation(
        "open_tasks",
        _("Open tasks"),
        "task",
        link="target_id",
        at="due_at",
        says=_("have an open task"),
        says_not=_("have no open task"),
        rows=lambda: Task.objects.open().filter(target_type=Deal._meta.label_lower),
        kind_needed="task",
    ),
    Relation(
        "proposals",
        _("Proposals"),
        "proposal",
        link="deal_id",
        at="created_at",
        says=_("have a proposal"),
        says_not=_("have no proposal"),
    ),
    Relation(
        "products",
        _("Products"),
        "line",
        link="deal_id",
        says=_("have products"),
        says_not=_("have no products"),
    ),
):
    conditions.relation("deal", relation)

for subject, link in (("contact", "contact_id"), ("company", "company_id")):
    conditions.relation(
        subject,
        Relation(
            "purchases",
            _("Purchases"),
            "order",
            link=link,
            at="paid_at",
            amount="amount_base",
            says=_("bought"),
            says_not=_("bought nothing"),
            rows=Order.objects.paid,
            kind_needed="order",
            group=_("Sales"),
        ),
    )
    conditions.relation(
        subject,
        Relation(
            "open_deals",
            _("Open deals"),
            "deal",
            link=link,
            at="created_at",
            amount="amount_base",
            says=_("have an open deal"),
            says_not=_("have no open deal"),
            rows=Deal.objects.open,
            kind_needed="deal",
            group=_("Sales"),
        ),
    )
    conditions.relation(
        subject,
        Relation(
            "deals",
            _("Deals"),
            "deal",
            link=link,
            at="created_at",
            amount="amount_base",
            says=_("have a deal"),
            says_not=_("have no deal"),
            kind_needed="deal",
            group=_("Sales"),
        ),
    )

_group = {"group": _("Sales"), "kind_needed": "order"}
for field in (
    Field("orders", _("Number of orders"), "number", path="purchases__orders", nothing_is_zero=True, **_group),
    Field("revenue", _("Revenue"), "money", path="purchases__revenue_base", nothing_is_zero=True, **_group),
    Field("first_order", _("First purchase"), "datetime", path="purchases__first_order_at", **_group),
    Field("last_order", _("Last purchase"), "datetime", path="purchases__last_order_at", **_group),
):
    conditions.field("contact", field)
