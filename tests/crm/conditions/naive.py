"""The condition language once more, row by row in plain Python: what SQL must agree with."""

from datetime import date, timedelta
from decimal import Decimal

from crm.text import sort_key

KINDS = {
    "city": "text", "name": "key", "email": "exact", "stage": "choice", "score": "number", "birthday": "date",
    "touched": "datetime", "owner": "choice", "company": "choice", "company_city": "text", "tags": "set",
    "floor": "number", "colour": "text", "vip": "boolean", "interests": "set", "signed": "date", "phone": "text",
    "length": "number", "list": "membership", "guide": "text", "pages": "number", "title": "text",
}  # fmt: skip
NEGATIVE = {
    "is_not": "is", "not_contains": "contains", "none_of": "any_of", "not_empty": "empty", "has_none": "has_any"
}  # fmt: skip


class Naive:
    def __init__(self, now, zone):
        self.now, self.zone = now, zone
        self.today = now.astimezone(zone).date()

    def fits(self, node, row):
        if "all" in node:
            return all(self.fits(child, row) for child in node["all"])
        if "any" in node:
            return any(self.fits(child, row) for child in node["any"])
        if "not" in node:
            return not self.fits(node["not"], row)
        if "field" in node:
            return self.compare(node, row)
        return self.happened(node, row)

    def compare(self, node, row):
        op = node["op"]
        if op in NEGATIVE:
            return not self.compare({**node, "op": NEGATIVE[op]}, row)
        kind, held = KINDS[node["field"]], row.get(node["field"])
        if op == "empty":
            return held in (None, "", [])
        wanted = node["value"]
        if kind == "membership":
            return bool(set(wanted) & set(row["list"]))
        if held is None or (held == [] and kind == "set"):
            return False
        return getattr(self, f"_{kind}")(op, held, wanted)

    def _text(self, op, held, wanted, fold=str.upper):
        held = fold(held)
        if op == "any_of":
            return held in [fold(w) for w in wanted]
        wanted = fold(wanted)
        return {"is": held == wanted, "contains": wanted in held, "starts": held.startswith(wanted)}[op]

    def _exact(self, op, held, wanted):
        return self._text(op, held, wanted, fold=str)

    def _key(self, op, held, wanted):
        return self._text(op, held, wanted, fold=sort_key)

    def _choice(self, op, held, wanted):
        return held in wanted if op == "any_of" else held == wanted

    def _boolean(self, op, held, wanted):
        return held is wanted

    def _set(self, op, held, wanted):
        return bool(set(held) & set(wanted)) if op == "has_any" else set(wanted) <= set(held)

    def _number(self, op, held, wanted):
        if op == "between":
            return Decimal(wanted[0]) <= held <= Decimal(wanted[1])
        wanted = Decimal(wanted)
        return {
            "is": held == wanted, "gt": held > wanted, "gte": held >= wanted, "lt": held < wanted, "lte": held <= wanted
        }[op]  # fmt: skip

    def _datetime(self, op, held, wanted):
        return self._date(op, held.astimezone(self.zone).date(), wanted)

    def _date(self, op, held, wanted):
        today = self.today
        if op == "between":
            return wanted[0] <= held.isoformat() <= wanted[1]
        if op in {"is", "before", "after"}:
            text = held.isoformat()
            return {"is": text == wanted, "before": text < wanted, "after": text > wanted}[op]
        if op == "in_last":
            return _shift(today, wanted, -1) <= held <= today
        if op == "older":
            return held < _shift(today, wanted, -1)
        if op == "in_next":
            return today <= held <= _shift(today, wanted, 1)
        if op == "anniversary":
            return self._anniversary(held, wanted)
        return _in_period(held, today, wanted)

    def _anniversary(self, held, span):
        day, last = self.today, _shift(self.today, span, 1)
        while day <= last:
            leap_born = (held.month, held.day) == (2, 29) and (day.month, day.day) == (2, 28)
            leap_year = (day + timedelta(days=1)).month == 2
            if (day.month, day.day) == (held.month, held.day) or (leap_born and not leap_year):
                return True
            day += timedelta(days=1)
        return False

    def happened(self, node, row):
        rows = row["did"].get(node["did"], []) if "did" in node else row[node["has"]]
        rows = [r for r in rows if self._in_time(node, r["at"])]
        if "where" in node:
            rows = [r for r in rows if self.fits(node["where"], r)]
        times = node.get("times", {"op": "at_least", "n": 1})
        n = times["n"]
        often = {"at_least": len(rows) >= n, "at_most": len(rows) <= n, "exactly": len(rows) == n}[times["op"]]
        if "sum" in node:
            amounts = [r["amount"] for r in rows if r["amount"] is not None]
            enough = bool(amounts) and sum(amounts) >= Decimal(node["sum"]["at_least"])
            return enough and (often if "times" in node else True)
        return often

    def _in_time(self, node, at):
        if not {"within_days", "since", "until"} & node.keys():
            return True
        if at is None:
            return False
        day = at.astimezone(self.zone).date()
        return (
            ("within_days" not in node or day >= self.today - timedelta(days=node["within_days"]))
            and ("since" not in node or day.isoformat() >= node["since"])
            and ("until" not in node or day.isoformat() <= node["until"])
        )


def _shift(day, span, sign):
    n = span["n"] * sign
    if span["unit"] in {"day", "week"}:
        return day + timedelta(days=n * {"day": 1, "week": 7}[span["unit"]])
    months = n * {"month": 1, "year": 12}[span["unit"]]
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    for last in (day.day, 30, 29, 28):
        if last <= day.day:
            try:
                return date(year, month + 1, last)
            except ValueError:
                continue
    raise AssertionError


def _in_period(held, today, name):
    which, _sep, unit = name.partition("_")
    if not unit:
        return (held - today).days == {"today": 0, "yesterday": -1, "tomorrow": 1}[name]
    step = {"last": -1, "this": 0, "next": 1}[which]
    if unit == "week":
        return (held - timedelta(held.weekday()) - (today - timedelta(today.weekday()))).days == 7 * step
    size = {"month": 1, "quarter": 3, "year": 12}[unit]
    return (held.year * 12 + held.month - 1) // size - (today.year * 12 + today.month - 1) // size == step
