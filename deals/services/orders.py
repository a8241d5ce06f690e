"""Orders and the facts about buyers, always written together."""

from django.db import transaction
from django.db.models import Count, F, Max, Min, Sum
from django.utils import timezone

from contacts.models import Contact
from contacts.services import lifecycle
from crm.events import record
from crm.money import round_money
from deals.models.order import Order, OrderLine, PurchaseFacts
from deals.totals import totals


@transaction.atomic
def order_from(deal, *, by=None):
    """The order of a won deal, paid now; the buyer becomes a customer. A second call gives the first order."""
    existing = deal.orders.filter(cancelled_at=None).first()
    if existing:
        return existing
    lines = list(deal.lines.all())
    sums = totals(lines, deal.currency) if lines and deal.amount_source == deal.AmountSource.LINES else None
    order = Order(
        contact=deal.contact,
        company=deal.company,
        deal=deal,
        owner=deal.owner,
        team=deal.team,
        currency=deal.currency,
        rate=deal.rate,
        amount=sums.net if sums else deal.amount,
        tax=sums.tax if sums else 0,
        ordered_at=deal.closed_at or timezone.now(),
        paid_at=deal.closed_at or timezone.now(),
    )
    return place_order(order, list(zip(lines, sums.nets, strict=True)) if sums else [], by=by)


@transaction.atomic
def place_order(order, lines=(), *, by=None):
    """Save a new order with lines (pairs of a SoldLine and its net), update the buyer's facts, tell the stream."""
    order.amount_base = round_money(order.amount * order.rate)
    order.save()
    OrderLine.objects.bulk_create(
        OrderLine(
            order=order,
            product_id=line.product_id,
            position=place,
            net=net,
            **{name: getattr(line, name) for name in line.FIGURES},
        )
        for place, (line, net) in enumerate(lines)
    )
    if order.paid_at:
        _count(order)
        _say("order.paid", order, by)
    return order


@transaction.atomic
def cancel_order_of(deal, *, by=None):
    """Cancel the order that a deal made; the buyer's facts are counted again."""
    order = deal.orders.select_for_update().filter(cancelled_at=None).first()
    if order is None:
        return
    order.cancelled_at = timezone.now()
    order.save(update_fields=["cancelled_at"])
    if order.contact_id:
        rebuild_facts([order.contact_id])
    _say("order.cancelled", order, by)


@transaction.atomic
def rebuild_facts(contact_ids):
    """Count the purchases of these people again from their orders: after imports, merges, cancellations."""
    rows = (
        Order.objects.paid()
        .filter(contact__in=contact_ids)
        .order_by()
        .values("contact_id")
        .annotate(
            orders=Count("pk"),
            revenue_base=Sum("amount_base"),
            first_order_at=Min("paid_at"),
            last_order_at=Max("paid_at"),
        )
    )
    PurchaseFacts.objects.filter(contact__in=contact_ids).delete()
    PurchaseFacts.objects.bulk_create([PurchaseFacts(**row) for row in rows], batch_size=1000)


def _count(order):
    if not order.contact_id:
        return
    # The lock on the person makes two orders at once count one after the other.
    contact = Contact.objects.select_for_update().only("pk", "stage").get(pk=order.contact_id)
    facts, _new = PurchaseFacts.objects.get_or_create(contact_id=contact.pk)
    PurchaseFacts.objects.filter(pk=facts.pk).update(
        orders=F("orders") + 1,
        revenue_base=F("revenue_base") + order.amount_base,
        first_order_at=min(filter(None, [facts.first_order_at, order.paid_at])),
        last_order_at=max(filter(None, [facts.last_order_at, order.paid_at])),
    )
    if contact.stage not in {Contact.Stage.CUSTOMER, Contact.Stage.EVANGELIST}:
        with lifecycle.acting(how="order"):
            Contact.objects.filter(pk=contact.pk).update(stage=Contact.Stage.CUSTOMER)


def _say(kind, order, by):
    record(
        kind,
        contact=order.contact,
        company=order.company,
        target=order,
        actor=by,
        amount=f"{order.amount:.2f}",
        amount_base=f"{order.amount_base:.2f}",
        currency=order.currency,
        number=str(order),
        deal=order.deal_id,
    )
