"""The page of data quality: the answer first, then how it went, then where the gaps are, each with its fix."""

from datetime import timedelta
from urllib.parse import urlencode

from django.http import Http404
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from contacts.models import QualityMark, QualityRule, QualitySettings
from contacts.models.quality import Dimension, Kind
from contacts.services.quality import figures, sources
from contacts.services.quality.rules import may_know
from crm import access
from crm.access import require
from crm.conditions.widgets import dump
from crm.models import Team, User

LISTS = {"contact": "contacts:index", "company": "contacts:companies"}
SPAN = timedelta(days=365)
MONTH = timedelta(days=30)
ROWS = 50
# Below this a record is not green: what the lists behind the tables show.
GOOD = 85


def index(request):
    subject = request.GET.get("of", Kind.CONTACT)
    if subject not in Kind.values:
        raise Http404
    require(request.user, subject)
    user, shown = request.user, _shown(request)
    whole = figures.now(user, subject, "subject").get(subject, figures.Mean())
    days = figures.days(user, subject, timezone.localdate() - SPAN)
    context = {
        "subject": subject,
        "kinds": [(name, label) for name, label in Kind.choices if access.may(user, name)],
        "whole": whole,
        "value": whole.of(shown),
        "shown": shown,
        "options": [("total", _("Everything")), *Dimension.choices],
        "before": _before(days, shown),
        "series": [
            {"label": day.isoformat(), "value": mean.of(shown)} for day, mean in days if mean.of(shown) is not None
        ],
        "gaps": _gaps(user, subject, whole),
        "tables": _tables(user, subject),
        "sources": _sources(user, subject),
        "bar": QualitySettings.get(),
        "is_waiting": QualityMark.objects.filter(kind=subject).exists(),
        "may_fix": access.may(user, subject, "edit"),
        "may_set": access.may(user, "settings", "edit"),
        "sees_all": user.level(subject) == access.ALL,
    }
    return render(request, "contacts/quality.html", context)


def _shown(request):
    """Which figure the picture shows: "total" or a dimension."""
    name = request.GET.get("show", "total")
    if name != "total" and name not in Dimension.values:
        raise Http404
    return name


def _before(days, shown):
    """What the figure was a month ago, or on the first day there is after that; None when there is none."""
    bound = timezone.localdate() - MONTH
    earlier = [mean.of(shown) for day, mean in days if day <= bound]
    return earlier[-1] if earlier else None


def _gaps(user, subject, whole):
    """(rule, records, where they are) of each rule in use that is broken, the heaviest loss first."""
    rules = QualityRule.objects.filter(subject=subject, is_on=True, pk__in=whole.gaps)
    rows = [(rule, whole.gaps[rule.pk], list_url(subject, _gap(rule))) for rule in rules if may_know(user, rule)]
    return sorted(rows, key=lambda row: (-row[1] * row[0].weight, row[0].position))


def _gap(rule):
    return {"field": "gap", "op": "any_of", "value": [str(rule.pk)]}


def _tables(user, subject):
    """(heading, rows) by owner, by team and by segment; a row is (name, mean, where its records are)."""
    poor = {"field": "quality", "op": "lt", "value": str(GOOD)}
    owners = figures.now(user, subject, "owner_id")
    people = User.objects.in_bulk([key for key in owners if key])
    found = [
        (_("By owner"), [
            (people.get(key) or _("Nobody"), mean, list_url(subject, _owner(key), poor)) for key, mean in owners.items()
        ])
    ]  # fmt: skip
    teams = figures.now(user, subject, "team_id")
    if len(teams) > 1:
        names = Team.objects.in_bulk([key for key in teams if key])
        found.append((_("By team"), [(names.get(key) or _("No team"), mean, "") for key, mean in teams.items()]))
    if subject == "contact":
        segments = figures.segments(user)
        names = figures.segment_names(user, list(segments))
        found.append((_("By segment"), [
            (name, segments[key], list_url(subject, {"field": "segment", "op": "any_of", "value": [str(key)]}, poor)) for key, name in names.items()
        ]))  # fmt: skip
    return [
        (heading, sorted(rows, key=lambda row: (row[1].total or 0, str(row[0])))[:ROWS])
        for heading, rows in found
        if rows
    ]


def _owner(key):
    return {"field": "owner", "op": "any_of", "value": [key]} if key else {"field": "owner", "op": "empty"}


def _sources(user, subject):
    rows = sources.table(user, subject)
    for row in rows:
        named = {"field": "source", "op": "is", "value": row.name} if row.name else {"field": "source", "op": "empty"}
        row.url = list_url(subject, named, {"field": "quality", "op": "lt", "value": str(GOOD)})
    return rows


def list_url(subject, *leaves):
    """The list of the records that all of these are true of."""
    return f"{reverse(LISTS[subject])}?{urlencode({'f': dump({'all': list(leaves)})})}"
