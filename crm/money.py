"""Money: Decimal amounts with an ISO 4217 currency, rounded once, half away from zero."""

from decimal import ROUND_HALF_UP, Decimal

CURRENCIES = {
    "EUR": "€",
    "USD": "$",
    "RUB": "₽",
    "GBP": "£",
    "CHF": "CHF",
    "PLN": "zł",
    "KZT": "₸",
    "BYN": "Br",
    "JPY": "¥",
}
_WITHOUT_CENTS = {"JPY"}
NO_BREAK = "\u00a0"


def round_money(amount, currency="EUR"):
    """`amount` in the currency's smallest unit: cents, or whole units for the yen. Halves go away from zero."""
    step = Decimal(1) if currency in _WITHOUT_CENTS else Decimal("0.01")
    return Decimal(amount).quantize(step, rounding=ROUND_HALF_UP)


def format_money(amount, currency, language="en", *, cents=None):
    """€1,234.50 in English, 1 234,50 € in Russian. `cents=None` shows them only when they are not zero.

    An unknown amount (None, or "" where it is hidden) is an en dash, never zero.
    """
    if amount is None or amount == "":
        return "–"
    amount = round_money(amount, currency)
    show = cents if cents is not None else amount != amount.to_integral_value()
    text = f"{abs(amount):,.2f}" if show and currency not in _WITHOUT_CENTS else f"{abs(amount):,.0f}"
    sign = "−" if amount < 0 else ""
    symbol = CURRENCIES.get(currency, currency)
    if language.startswith("ru"):
        text = text.replace(",", NO_BREAK).replace(".", ",")
        return f"{sign}{text}{NO_BREAK}{symbol}"
    gap = NO_BREAK if len(symbol) > 1 else ""
    return f"{sign}{symbol}{gap}{text}"
