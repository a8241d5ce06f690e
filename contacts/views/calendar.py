"""The calendar: day, week, month, of a person or of the team; and its address for calendars outside."""

from datetime import timedelta

from django.conf import settings
from django.core.exceptions import BadRequest
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from django.views.decorators.vary import vary_on_headers

from contacts.models import CalendarFeed, Recurrence
from contacts.services import agenda, feed, occurrences
from contacts.views.tasks import moved
from contacts.views.work import place_of
from crm import heartbeat, htmx
from crm.access import fetch, public, require

VIEWS = ("day", "week", "month")
TEAM = "team"


@vary_on_headers("HX-Request")
def index(request):
    """A range of days; the region alone for htmx."""
    require(request.user, "task")
    view = request.GET.get("view") if request.GET.get("view") in VIEWS else "week"
    day = _day(request.GET.get("day", ""))
    people = agenda.people_for(request.user)
    who, chosen = _chosen(request.GET.get("who", ""), people)
    now = timezone.localtime()
    dates = agenda.days_of(view, day, request.user.week_start)
    days = [agenda.Day(d, is_today=d == now.date(), is_other=view == "month" and d.month != day.month) for d in dates]
    agenda.fill(days, request.user, chosen)
    context = {
        "view": view, "day": day, "days": days, "who": who, "people": people, "hours": range(24),
        "weeks": [days[n : n + 7] for n in range(0, len(days), 7)] if view == "month" else [],
        "before": _step(view, day, -1), "behind": _step(view, day, 1), "now": now, "now_row": (now.hour * 60 + now.minute) // 15,
        "empty": not any(d.all for d in days), "is_silent": heartbeat.workers_are_silent(),
    }  # fmt: skip
    return render(request, "contacts/_calendar.html" if request.htmx else "contacts/calendar.html", context)


@require_POST
def occurrence(request, pk):
    """Make an occurrence of what repeats a row: to open it, or with `start` or a whole `day` to move it."""
    row = fetch(Recurrence.objects.all(), request.user, pk, edit=True)
    place = place_of(request.POST) if request.POST.get("start") or request.POST.get("day") else None
    try:
        task = occurrences.occurrence(row, request.POST.get("slot", ""))
    except ValueError:
        raise Http404
    return moved(request, task, *place) if place else htmx.redirect(request, task.get_absolute_url())


def addresses(request):
    """The secret address of one's calendar: made anew, made void."""
    row = CalendarFeed.objects.filter(user=request.user).first()
    if request.method != "POST":
        return render(request, "contacts/calendar_address.html", {"feed": row})
    if "void" in request.POST:
        CalendarFeed.objects.filter(user=request.user).delete()
        return htmx.redirect(request, reverse("contacts:calendar_address"), _("The address is void now."))
    token = CalendarFeed.make(request.user, shows_details="details" in request.POST)
    url = settings.BASE_URL + reverse("contacts:calendar_feed", args=[token])
    context = {"feed": CalendarFeed.objects.get(user=request.user), "url": url}
    # Shown once: the program keeps only a hash of it.
    return render(request, "contacts/calendar_address.html", context)


@public
def show_feed(request, token):
    """The calendar behind a secret address."""
    row = CalendarFeed.of_token(token)
    if row is None:
        raise Http404
    answer = HttpResponse(feed.of_user(row), content_type="text/calendar; charset=utf-8")
    answer["Cache-Control"] = "private, max-age=300"
    answer["Content-Disposition"] = 'inline; filename="calendar.ics"'
    return answer


def _day(text):
    try:
        found = parse_date(text) if text else None
    except ValueError:
        raise BadRequest
    day = found or timezone.localdate()
    if not 1990 <= day.year <= 2100:
        raise BadRequest
    return day


def _chosen(wish, people):
    """(what was asked for, whose calendars that means). Raises Http404 for somebody the user may not look at."""
    if not wish:
        return "", people[:1]
    if wish == TEAM:
        return TEAM, people
    found = [person for person in people if str(person.pk) == wish]
    if not found:
        raise Http404
    return ("", found) if found[0] == people[0] else (wish, found)


def _step(view, day, n):
    if view != "month":
        return day + timedelta(days=n * (7 if view == "week" else 1))
    return (day.replace(day=1) - timedelta(days=1) if n < 0 else day.replace(day=28) + timedelta(days=4)).replace(day=1)
