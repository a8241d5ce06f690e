"""What deals registers."""

from django.utils.translation import gettext_lazy as _

from crm import access
from crm.events import declare
from deals.models import Deal, Order, Product

access.register("deal", _("Deals"), Deal)
access.register("product", _("Products"), Product)
access.register("order", _("Orders"), Order)

declare("deal.created", _("{actor} opened the deal {target}"), icon="plus", group="deals")
declare(
    "deal.stage_changed",
    _("{actor} moved {target} from {before} to {after}"),
    icon="arrow-right",
    group="deals",
)
declare("deal.amount_changed", _("{actor} changed the amount of {target}"), icon="coins", group="deals")
declare("deal.won", _("{actor} won {target}"), icon="trophy", group="deals")
declare("deal.lost", _("{actor} lost {target}: {reason}"), icon="circle-x", group="deals")
declare("deal.reopened", _("{actor} opened {target} again"), icon="rotate", group="deals")
declare("proposal.sent", _("{actor} sent the proposal {number}, version {version}"), icon="send", group="deals")
declare("proposal.viewed", _("The client looked at the proposal {number}"), icon="eye", group="deals")
declare("proposal.accepted", _("{name} accepted the proposal {number}"), icon="circle-check", group="deals")
declare("proposal.declined", _("The client declined the proposal {number}"), icon="circle-x", group="deals")
declare("order.paid", _("Bought: {number}"), icon="package", group="orders")
declare("order.cancelled", _("The order {number} was cancelled"), icon="package-off", group="orders")
