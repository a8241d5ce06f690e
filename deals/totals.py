"""Sums of a document, the same wherever they are shown: editor, PDF, client's page, order.

Each line is rounded to the currency's smallest unit after its discount; tax is rounded once for each tax rate on the
sum of its lines, as invoices do (EN 16931, BR-CO-17). The total is the sum of what is printed.
"""

from dataclasses import dataclass
from decimal import Decimal

from crm.money import round_money

ZERO = Decimal(0)


@dataclass(frozen=True)
class Tax:
    """Tax at one rate: `base` before tax, `amount` the tax."""

    rate: Decimal
    base: Decimal
    amount: Decimal


@dataclass(frozen=True)
class Totals:
    """Sums of lines: `nets` in the order of the lines, taxes by rate, `cost` None when it is unknown for a line."""

    nets: tuple
    net: Decimal
    taxes: tuple
    tax: Decimal
    total: Decimal
    cost: Decimal | None

    @property
    def margin(self):
        """Net minus cost, or None when a cost is unknown."""
        return None if self.cost is None else self.net - self.cost

    @property
    def margin_percent(self):
        """Margin in per cent of the net, one decimal; None when unknown or nothing is sold."""
        if self.margin is None or not self.net:
            return None
        return (self.margin * 100 / self.net).quantize(Decimal("0.1"))


def net_of(line, currency):
    """Sum of a line after its discount, never below zero. `line` has qty, price, discount_percent, discount_amount."""
    gross = line.qty * line.price
    off = gross * line.discount_percent / 100 if line.discount_percent else line.discount_amount
    return max(round_money(gross - off, currency), round_money(0, currency))


def totals(lines, currency):
    """Totals of lines."""
    lines = list(lines)
    nets = tuple(net_of(line, currency) for line in lines)
    bases = {}
    for line, net in zip(lines, nets, strict=True):
        bases[line.tax_rate] = bases.get(line.tax_rate, ZERO) + net
    taxes = tuple(Tax(rate, base, round_money(base * rate / 100, currency)) for rate, base in sorted(bases.items()))
    net, tax = sum(nets, ZERO), sum((t.amount for t in taxes), ZERO)
    cost = None if any(line.cost is None for line in lines) else sum((line.qty * line.cost for line in lines), ZERO)
    return Totals(nets, net, taxes, tax, net + tax, None if cost is None else round_money(cost, currency))
