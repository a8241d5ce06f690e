"""The first page: what to do now."""

from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from crm import registry
from crm.models import User


def show(request):
    """One queue over all apps: late first, then what was handed over, then what is due today, then the rest."""
    now = timezone.now()
    groups = {"late": [], "hot": [], "today": [], "rest": []}
    for item in registry.today_items(request.user, now):
        groups[_group(item, now)].append(item)
    queue = [item for group in groups.values() for item in group]
    done = registry.done_since(request.user, timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0))
    context = {
        "groups": groups,
        "total": len(queue),
        "done": done,
        "all": done + sum(not _is_later(item, now) for item in queue),
        "first": queue[0].key if queue else "",
        "now": timezone.localtime(now),
        "panels": registry.panels_for(request.user, "today"),
        "starts": [] if queue else first_steps(request.user),
    }
    return render(request, "crm/today.html", context)


def first_steps(user):
    """What a company without colleagues in the program may do first: (text, url name, icon)."""
    if User.objects.count() > 1 or not user.is_superuser:
        return []
    return [
        (_("Say who you are: name, currency, sender"), "company_settings", "building"),
        (_("Invite those you work with"), "invitation_create", "user-plus"),
        *((command.name, command.url_name, command.icon) for command in registry.commands_for(user) if command.first),
    ]


def _is_later(item, now):
    return bool(item.due_at) and timezone.localdate(item.due_at) > timezone.localdate(now)


def _group(item, now):
    if item.tone == "hot":
        return "hot"
    if not item.due_at:
        return "rest"
    day, today = timezone.localdate(item.due_at), timezone.localdate(now)
    if day < today or item.due_at < now and not item.whole_day:
        return "late"
    return "today" if day == today else "rest"
