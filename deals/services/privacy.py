"""What deals and orders hold of a person, and what of it the law wants kept."""

from django.db.models import CharField, Exists, F, OuterRef, Q, Value
from django.db.models.functions import Cast, Concat
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from contacts.services import privacy
from contacts.services.privacy import retention
from deals.models import Deal, Order

privacy.exempt(
    "What the company has set up; it tells of nobody.",
    *("deals.pipeline", "deals.pipelineevent", "deals.stage", "deals.stageevent", "deals.lossreason"),
    *("deals.product", "deals.productevent"),
)
privacy.exempt("Which record of an own kind belongs to which deal: two numbers.", "deals.deallink")
privacy.anonymise(
    "deals.deal",
    why=_("Sums and stages count in the figures; the name and all texts go."),
    keep=["currency", "competitor"],
    name=Concat(Value("#"), Cast(F("pk"), CharField())),
    name_key=Concat(Value("#"), Cast(F("pk"), CharField())),
    contact=None,
)
privacy.anonymise(
    "deals.order",
    why=_("The law wants bookings kept; number and sums stay, the person goes."),
    keep=["number", "external_id", "currency"],
)
privacy.anonymise(
    "deals.orderline", why=_("The law wants bookings kept: what was sold stays."), keep=["name", "sku", "unit"]
)
privacy.anonymise("deals.stagestay", why=_("How long a deal stood in a stage counts in the figures."), keep=["source"])
privacy.page("deals.deal")
privacy.page("deals.order")
privacy.page("deals.proposal")


@privacy.warns
def open_deals(contact):
    n = Deal.objects.filter(contact=contact, state="open").count()
    if not n:
        return []
    text = ngettext("%(n)s open deal with this person", "%(n)s open deals with this person", n) % {"n": n}
    return [(text, reverse("contacts:contact_show", args=[contact.pk]))]


@retention.spares
def has_open_deals(rule):
    return Q(Exists(Deal.objects.filter(contact=OuterRef("pk"), state="open")))


@retention.spares
def bought_lately(rule):
    since = retention.years_ago(rule)
    bought = Order.objects.paid().filter(contact=OuterRef("pk"), paid_at__gte=since)
    return Q(Exists(bought)) if since else Q(pk__in=[])
