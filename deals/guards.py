"""The fields of deals and products that roles can limit, with everything that repeats them."""

from django.utils.translation import gettext_lazy as _

from crm.field_access import guard
from deals.models import Deal, DealLine, Order, OrderLine, Product, PurchaseFacts, StageStay

# Lines copy the cost of a product; the margin is what it gives away.
_COST = {Product: ["cost"], DealLine: ["cost"], OrderLine: ["cost"]}
guard("product", "cost", _("Cost and margin"), fields=_COST)
# What is asked for, with everything that adds it up, follows from it or repeats it. A proposal is nothing but amounts:
# `Proposal.visible_to` asks for this field, too, and so do the figures in money.
_AMOUNTS = {
    Deal: ["amount", "amount_base"],
    DealLine: ["price", "discount_amount"],
    StageStay: ["amount_base"],
    Order: ["amount", "amount_base", "tax", "total"],
    OrderLine: ["price", "discount_amount", "net"],
    PurchaseFacts: ["revenue_base"],
}
_TOLD = ["created.amount", "amount_changed.before", "amount_changed.after", "won.amount", "lost.amount"]
guard(
    "deal",
    "amount",
    _("Amounts and prices"),
    fields=_AMOUNTS,
    asks=["contact.revenue"],
    data=[*(f"deal.{place}" for place in _TOLD), "order.paid.amount", "order.paid.amount_base"],
)
guard("deal", "probability", _("Probability"), fields={Deal: ["probability"]})
guard("deal", "source", _("Source"), fields={Deal: ["source"]})
guard("deal", "competitor", _("Competitor"), fields={Deal: ["competitor"]})
guard("deal", "loss_note", _("What happened"), fields={Deal: ["loss_note"]})
