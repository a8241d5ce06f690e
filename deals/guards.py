"""The fields of deals and products that roles can limit, with everything that repeats them."""

from django.utils.translation import gettext_lazy as _

from crm.field_access import guard
from deals.models import Deal, DealLine, OrderLine, Product

# Lines copy the cost of a product; the margin is what it gives away.
_COST = {Product: ["cost"], DealLine: ["cost"], OrderLine: ["cost"]}
guard("product", "cost", _("Cost and margin"), fields=_COST)
guard("deal", "probability", _("Probability"), fields={Deal: ["probability"]})
guard("deal", "source", _("Source"), fields={Deal: ["source"]})
guard("deal", "competitor", _("Competitor"), fields={Deal: ["competitor"]})
guard("deal", "loss_note", _("What happened"), fields={Deal: ["loss_note"]})
