"""Feeds: the rows of a filter for other programs, with the rights of the person who made the address."""

import csv
from datetime import timedelta
from decimal import Decimal
from io import StringIO

from django.http import HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.feedgenerator import Atom1Feed

from crm import access
from crm.lists.export import safe
from crm.lists.page import thaw
from crm.models import Feed
from crm.sight import seen_by

MOST = 2000
FORMS = ("csv", "json", "atom")


def answer(feed, form, request):
    """The newest rows that the feed's owner may export. Raises PermissionDenied and BadRequest, as the list would."""
    wish = thaw(feed.wish, feed.owner)
    access.require(feed.owner, wish.page.kind, "export")
    rows = list(wish.shown().exportable_by(feed.owner).order_by("-pk")[:MOST])
    _note_reading(feed)
    with seen_by(feed.owner):
        found = {"csv": _csv, "json": _json, "atom": _atom}[form](feed, wish, rows, request)
    # Whoever knows the address may read it; caches and search engines are not meant to.
    found["Cache-Control"] = "private, no-store"
    found["X-Robots-Tag"] = "noindex"
    return found


def _note_reading(feed):
    now = timezone.now()
    if feed.read_at is None or now - feed.read_at > timedelta(minutes=1):
        Feed.objects.filter(pk=feed.pk).update(read_at=now)


def _csv(feed, wish, rows, request):
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow([safe(str(c.label)) for c in wish.columns])
    writer.writerows([[safe(c.plain(row)) for c in wish.columns] for row in rows])
    return HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")


def _json(feed, wish, rows, request):
    found = [
        {"id": row.pk, "url": request.build_absolute_uri(row.get_absolute_url())}
        | {c.name: _bare(c.plain(row)) for c in wish.columns}
        for row in rows
    ]
    return JsonResponse({"title": feed.name, "list": wish.page.name, "rows": found})


def _bare(value):
    """A value that JSON knows: numbers with their decimals as text, records by their names."""
    if isinstance(value, Decimal):
        return str(value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _atom(feed, wish, rows, request):
    link = request.build_absolute_uri(wish.url())
    atom = Atom1Feed(feed.name, link, "", feed_url=request.build_absolute_uri())
    for row in rows:
        url = request.build_absolute_uri(row.get_absolute_url())
        told = [(c.label, safe(c.plain(row))) for c in wish.columns[1:]]
        atom.add_item(
            str(row),
            url,
            "\n".join(f"{label}: {value}" for label, value in told if value != ""),
            unique_id=url,
            updateddate=getattr(row, "updated_at", None) or getattr(row, "created_at", None),
        )
    return HttpResponse(atom.writeString("utf-8"), content_type="application/atom+xml; charset=utf-8")
