"""The list page that holds the records behind a figure, where a filter can say which they are."""

from datetime import timedelta
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone

from analytics.services.common import instant
from analytics.services.purchases import ACTIVE
from analytics.services.sales import stages_of
from crm.conditions.widgets import dump
from deals.models import Stage

_DAY = timedelta(days=1)
_PAGES = {"contact": "contacts:index", "deal": "deals:table", "ticket": "tickets:index"}


def list_url(kpi, part, first, last, scope):
    """The address of the list with the filter, or "" where no filter says the same."""
    # Filters follow the reader's zone, figures the company's; and a filter knows no team and no mailbox.
    if str(timezone.get_current_timezone()) != str(instant(first).tzinfo) or scope.teams or scope.mailbox:
        return ""
    made = _TREES[kpi](part, first, last, scope)
    if made is None:
        return ""
    subject, leaves = made
    return f"{reverse(_PAGES[subject])}?{urlencode({'f': dump({'all': leaves})})}"


def _between(name, first, last):
    return {"field": name, "op": "between", "value": [first.isoformat(), (last - _DAY).isoformat()]}


def _owner(scope):
    return [{"field": "owner", "op": "any_of", "value": [scope.owner]}] if scope.owner else []


def _bought(first, last, scope):
    leaf = {"has": "purchases", "until": (last - _DAY).isoformat()}
    if first:
        leaf["since"] = first.isoformat()
    if scope.owner:
        leaf["where"] = _owner(scope)[0]
    return leaf


def _retention(part, first, last, scope):
    leaves = [_bought(first - ACTIVE, first, scope)]
    stayed = _bought(last - ACTIVE, last, scope)
    if part in {"stayed", "left"}:
        leaves.append(stayed if part == "stayed" else {"not": stayed})
    return "contact", leaves


def _lifetime(part, first, last, scope):
    return "contact", [_bought(None, last, scope)]


def _handling(part, first, last, scope):
    answered = part.startswith(("response", "answered"))
    leaves = [_between("answered" if answered else "solved", first, last), *_owner(scope)]
    if part == "reopened":
        leaves.append({"field": "reopened", "op": "gte", "value": 1})
    return "ticket", leaves


def _state(*values):
    return {"field": "state", "op": "any_of", "value": list(values)}


def _funnel(part, first, last, scope):
    stages = stages_of(scope)
    if part.startswith("stage-") or not stages:
        return None
    states = {"won": ["won"], "lost": ["lost"], "open": ["open", "hold"], "rate": ["won", "lost"]}.get(part)
    all_stages = list(Stage.objects.filter(pipeline=stages[0].pipeline_id).values_list("pk", flat=True))
    leaves = [_between("created", first, last), {"field": "stage", "op": "any_of", "value": all_stages}, *_owner(scope)]
    return "deal", leaves + ([_state(*states)] if states else [])


def _wins(part, first, last, scope):
    if scope.pipeline:
        return None
    states = {"won": ["won"], "amount": ["won"], "lost": ["lost"]}.get(part, ["won", "lost"])
    return "deal", [_between("closed", first, last), _state(*states), *_owner(scope)]


def _revenue(part, first, last, scope):
    # The list of orders cannot leave the cancelled ones out; the list of buyers counts paid ones only.
    return ("contact", [_bought(first, last, scope)]) if part == "customers" else None


_TREES = {
    "retention": _retention, "clv": _lifetime, "handling_time": _handling, "funnel": _funnel, "win_rate": _wins,
    "revenue": _revenue,
}  # fmt: skip
