"""The first page: what to do now."""

from django.shortcuts import render
from django.utils import timezone

from crm import registry


def show(request):
    """One queue over all apps: late first, then what was handed over, then what is due today, then the rest."""
    now = timezone.now()
    groups = {"late": [], "hot": [], "today": [], "rest": []}
    for item in registry.today_items(request.user, now):
        groups[_group(item, now)].append(item)
    context = {"groups": groups, "total": sum(map(len, groups.values())), "now": now}
    return render(request, "crm/today.html", context | {"panels": registry.panels_for(request.user, "today")})


def _group(item, now):
    if item.tone == "hot":
        return "hot"
    if item.due_at and item.due_at < now:
        return "late"
    if item.due_at and timezone.localdate(item.due_at) == timezone.localdate(now):
        return "today"
    return "rest"
