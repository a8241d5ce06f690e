"""Changing the lines of a deal. The amount follows once for each change."""

from django.db import transaction
from django.db.models import Max

from deals.models import Deal, DealLine
from deals.totals import totals as totals_of

__all__ = ["add_free", "add_product", "change_line", "margin_of", "put_in_order", "remove_line", "totals_of"]


@transaction.atomic
def add_product(deal, product, *, by=None, qty=1):
    """Add a product at the end; the line keeps its own copy of name and price."""
    _hold(deal)
    line = DealLine(deal=deal, qty=qty, position=_end(deal))
    line.take(product)
    line.save()
    deal.recount(by=by)
    return line


@transaction.atomic
def add_free(deal, name, *, by=None):
    """Add a line that is no product; its tax is that of the line before it."""
    _hold(deal)
    last = deal.lines.last()
    line = deal.lines.create(name=name, price=0, position=_end(deal), tax_rate=last.tax_rate if last else 0)
    deal.recount(by=by)
    return line


@transaction.atomic
def change_line(deal, line, *, by=None):
    _hold(deal)
    line.save()
    deal.recount(by=by)


@transaction.atomic
def remove_line(deal, line, *, by=None):
    _hold(deal)
    line.delete()
    deal.recount(by=by)


@transaction.atomic
def put_in_order(deal, keys):
    """Lines in the order of these keys; those not named follow."""
    _hold(deal)
    rows = {line.pk: line for line in deal.lines.all()}
    order = [rows.pop(key) for key in dict.fromkeys(keys) if key in rows] + list(rows.values())
    for position, line in enumerate(order):
        line.position = position
    DealLine.objects.bulk_update(order, ["position"])


def margin_of(line, net):
    """Margin of a line in per cent of its net with one decimal, or None."""
    if line.cost is None or not net:
        return None
    return round((net - line.qty * line.cost) * 100 / net, 1)


def _hold(deal):
    """Two people who change lines at once do so one after the other, and the amount counts both."""
    fresh = Deal.objects.select_for_update().get(pk=deal.pk)
    deal.amount, deal.amount_source, deal.rate = fresh.amount, fresh.amount_source, fresh.rate


def _end(deal):
    return (deal.lines.aggregate(last=Max("position"))["last"] or 0) + 1
