"""What the pages of work share: the record something is planned on, the place in the calendar somebody chose."""

from datetime import datetime

from django.core.exceptions import BadRequest
from django.http import Http404
from django.utils import timezone

from contacts.models.task import END_OF_WORK
from crm import access, registry
from crm.access import fetch

LONGEST = 14 * 1440


def planned_on(request):
    """The record that `about` (its kind) and `of` (its key) name, or `contact`; None when the request names none."""
    values = request.POST if request.method == "POST" else request.GET
    kind, pk = values.get("about", ""), values.get("of", "")
    if values.get("contact"):
        kind, pk = "contact", values["contact"]
    if not kind:
        return None
    return record_named(request.user, kind, pk)


def record_named(user, kind, pk, **rights):
    """A record on which work can be planned. Raises Http404 as `fetch` does."""
    target = registry.work_target_of_kind(kind)
    if target is None or not str(pk).isdecimal():
        raise Http404
    rows = access.rows_of(kind)
    return fetch(rows.for_card() if hasattr(rows, "for_card") else rows, user, int(pk), **rights)


def place_of(data):
    """(instant, minutes or None, day or None) of a place in the calendar: `start` on the reader's clock,
    "2026-03-29T09:00", or a whole `day`."""
    minutes, day = data.get("minutes", ""), None
    try:
        if data.get("day"):
            day = datetime.strptime(data["day"], "%Y-%m-%d").date()
            start = timezone.make_aware(datetime.combine(day, END_OF_WORK))
        else:
            start = timezone.make_aware(datetime.strptime(data.get("start", ""), "%Y-%m-%dT%H:%M"))
    except (ValueError, OverflowError):
        raise BadRequest
    if minutes and (not minutes.isdecimal() or int(minutes) > LONGEST):
        raise BadRequest
    return start, int(minutes) if minutes else None, day
