from analytics.models.facts import CohortCell, DealFact, DirtyFact, FactState, OrderFact, TicketFact, TimeCell
from analytics.models.snapshot import ClvFit
from analytics.models.target import KpiTarget

__all__ = [
    "ClvFit",
    "CohortCell",
    "DealFact",
    "DirtyFact",
    "FactState",
    "KpiTarget",
    "OrderFact",
    "TicketFact",
    "TimeCell",
]
