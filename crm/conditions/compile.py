"""From a tree to one predicate of the database.

Every leaf is true or false, never unknown, so `not` is the exact complement: an empty city is not Berlin. Ranges of
dates are half-open and follow the zone of the person who asks.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal
from functools import reduce
from operator import and_, or_

from django.db.models import Count, Exists, OuterRef, Q, Sum
from django.db.models import fields as columns
from django.db.models.functions import ExtractDay, ExtractMonth
from django.utils import timezone

from crm import field_access
from crm.conditions import fields as registry
from crm.conditions.operands import Expression, Operand
from crm.conditions.values import ahead, days_of, fits_number, start_of
from crm.models.event import Event


@dataclass
class Context:
    """Who asks, and when. Without a user nothing is hidden (segments, rules); "me" is then nobody.

    `few=True` when only a handful of rows is asked about (one contact, those just touched): counts are then looked
    up row by row instead of for everybody.
    """

    user: object = None
    now: datetime = field(default_factory=timezone.now)
    zone: tzinfo = field(default_factory=timezone.get_current_timezone)
    few: bool = False

    @property
    def today(self):
        return self.now.astimezone(self.zone).date()


def matching(queryset, tree, subject, *, user=None, now=None, zone=None, few=False):
    """The rows of `queryset` that fit a parsed tree."""
    return queryset.filter(where(tree, subject, user=user, now=now, zone=zone, few=few))


def where(tree, subject, *, user=None, now=None, zone=None, few=False):
    """One Q for a parsed tree (see `crm.conditions.parse`)."""
    context = Context(user=user, few=few)
    context.now, context.zone = now or context.now, zone or context.zone
    return _Compiler(context).node(tree, subject) if tree and tree != {"all": []} else Q()


class _Compiler:
    def __init__(self, context):
        self.context = context

    def node(self, node, subject):
        if "all" in node:
            return reduce(and_, [self.node(child, subject) for child in node["all"]])
        if "any" in node:
            return reduce(or_, [self.node(child, subject) for child in node["any"]])
        if "not" in node:
            return ~self.node(node["not"], subject)
        if "field" in node:
            return self.field(node, subject)
        return self.did(node, subject) if "did" in node else self.has(node, subject)

    # Fields

    def field(self, node, subject):
        item = registry.field_named(subject, node["field"])
        if item is None:
            # The field was removed since: nobody fits, in either direction, is decided by who keeps the tree.
            raise LookupError(node["field"])
        operator = item.operators[node["op"]]
        name = operator.negates or operator.name
        found = self._comparison(Operand(item, subject), name, node.get("value"))
        if (named := registry.subject_named(subject)) is not None:
            found &= field_access.findable(self.context.user, named.model, item.path or item.name)
        return ~found if operator.negates else found

    def _comparison(self, operand, name, value):
        kind = operand.field.kind
        if name == "empty":
            return ~Q(operand.field.match(None, self.context)) if operand.field.match else operand.empty()
        if operand.field.match:
            return Q(operand.field.match(value if isinstance(value, list) else [value], self.context))
        if kind in {"date", "datetime"}:
            return self._dates(operand, name, value)
        if kind in {"tags", "choices"}:
            return operand.set_test(name, value)
        if kind == "text":
            return operand.text_test(name, value)
        if kind == "person":
            return self._people(operand, value if name == "any_of" else [value])
        if kind in {"number", "money"}:
            return self._numbers(operand, name, value)
        return operand.test("in", value) if name == "any_of" else operand.test("exact", value)

    def _numbers(self, operand, name, value):
        if name == "between":
            found = operand.test("gte", Decimal(value[0])) & operand.test("lte", Decimal(value[1]))
        else:
            found = operand.test("exact" if name == "is" else name, Decimal(value))
        counts_missing = operand.field.nothing_is_zero and fits_number(name, Decimal(0), value)
        return found | operand.empty() if counts_missing else found

    def _people(self, operand, values):
        user = self.context.user
        keys = {v for v in values if isinstance(v, int)}
        if user is not None and "me" in values:
            keys.add(user.pk)
        found = operand.test("in", sorted(keys))
        if user is not None and "my_team" in values:
            members = type(user)._default_manager.filter(Q(team__in=user.team_ids) | Q(pk=user.pk))
            found |= operand.test("in", members.values("pk"))
        return found

    def _dates(self, operand, name, value):
        if name == "anniversary":
            return self._anniversary(operand, value)
        first, behind = days_of(name, value, self.context.today)
        if operand.field.kind == "datetime":
            first, behind = (day and start_of(day, self.context.zone) for day in (first, behind))
        found = Q(**{operand.field.whole_if: True}) if operand.field.whole_if else Q()
        if first is not None:
            found &= operand.test("gte", first)
        if behind is not None:
            found &= operand.test("lt", behind)
        return found

    def _anniversary(self, operand, span):
        first, last = self.context.today, ahead(self.context.today, span)
        if (last - first).days >= 365:
            return ~operand.empty()
        if (last.month, last.day) == (2, 28) and (last + timedelta(days=1)).month == 3:
            # Born on 29 February: in other years it is the 28th.
            end = 229
        else:
            end = last.month * 100 + last.day
        start = first.month * 100 + first.day
        place = Expression(ExtractMonth(operand.value) * 100 + ExtractDay(operand.value), columns.IntegerField())
        parts = [place.test("gte", start), place.test("lte", end)]
        return parts[0] & parts[1] if start <= end else parts[0] | parts[1]

    # What happened, and what there is

    def did(self, node, subject):
        named = registry.subject_named(subject)
        rows = Event.objects.filter(kind=node["did"])
        if named.event_link == "target_id":
            rows = rows.filter(target_type=named.model._meta.label_lower)
        if "where" in node:
            rows = rows.filter(self.node(node["where"], f"event:{node['did']}"))
        return self._count(self._when(rows, "occurred_at", True, node), named.event_link, node)

    def has(self, node, subject):
        item = registry.relation_named(subject, node["has"])
        if item is None:
            raise LookupError(node["has"])
        named = registry.subject_named(item.subject)
        rows, model = item.rows() if item.rows else named.all(), named.model
        if self.context.user is not None and hasattr(rows, "visible_to"):
            rows = rows.visible_to(self.context.user)
        if "where" in node:
            rows = rows.filter(self.node(node["where"], item.subject))
        if item.at:
            rows = self._when(rows, item.at, _is_instant(model, item.at), node)
        if item.through:
            rows = item.through(rows)
        return self._count(rows, item.link, node, item.amount)

    def _when(self, rows, path, instant, node):
        if "within_days" in node:
            rows = rows.filter(**{f"{path}__gte": self._bound(-node["within_days"], instant)})
        if "since" in node:
            rows = rows.filter(**{f"{path}__gte": self._edge(node["since"], 0, instant)})
        if "until" in node:
            rows = rows.filter(**{f"{path}__lt": self._edge(node["until"], 1, instant)})
        return rows

    def _bound(self, days, instant):
        day = self.context.today + timedelta(days=days)
        return start_of(day, self.context.zone) if instant else day

    def _edge(self, text, plus, instant):
        day = datetime.fromisoformat(text).date() + timedelta(days=plus)
        return start_of(day, self.context.zone) if instant else day

    def _count(self, rows, link, node, amount=""):
        times = node.get("times", {"op": "at_least", "n": 1})
        op, n = times["op"], times["n"]
        if "sum" in node:
            found = self._summed(rows, link, amount, node["sum"]["at_least"])
            return found & self._at_least(rows, link, n) if "times" in node and op == "at_least" else found
        if op == "at_least":
            return self._at_least(rows, link, n)
        at_most = ~self._at_least(rows, link, n + 1)
        return at_most if op == "at_most" else self._at_least(rows, link, n) & at_most

    def _at_least(self, rows, link, n):
        if n == 0:
            return Q(pk__isnull=False)
        if n == 1:
            return Q(Exists(rows.filter(**{link: OuterRef("pk")})))
        if self.context.few:
            return Q(Exists(rows.filter(**{link: OuterRef("pk")}).order_by()[n - 1 : n]))
        grouped = self._grouped(rows, link).annotate(_n=Count("*")).filter(_n__gte=n)
        return Q(pk__in=grouped.values(link))

    def _summed(self, rows, link, amount, least):
        if self.context.few:
            rows = rows.filter(**{link: OuterRef("pk")})
        grouped = self._grouped(rows, link).annotate(_sum=Sum(amount)).filter(_sum__gte=Decimal(least))
        return Q(Exists(grouped)) if self.context.few else Q(pk__in=grouped.values(link))

    def _grouped(self, rows, link):
        return rows.filter(**{f"{link}__isnull": False}).order_by().values(link)


def _is_instant(model, path):
    return isinstance(model._meta.get_field(path), columns.DateTimeField)
