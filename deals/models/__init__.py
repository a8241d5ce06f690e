from deals.models.deal import Deal
from deals.models.gate import StageGate
from deals.models.line import DealLine
from deals.models.object_link import DealLink
from deals.models.order import Order, OrderLine, PurchaseFacts
from deals.models.pipeline import LossReason, Pipeline, Stage
from deals.models.product import Product
from deals.models.proposal import Acceptance, Proposal, ProposalVersion
from deals.models.stay import StageStay

__all__ = [
    "Acceptance",
    "Deal",
    "DealLine",
    "DealLink",
    "LossReason",
    "Order",
    "OrderLine",
    "Pipeline",
    "Product",
    "Proposal",
    "ProposalVersion",
    "PurchaseFacts",
    "Stage",
    "StageGate",
    "StageStay",
]
