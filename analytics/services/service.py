"""Figures about requests."""

from decimal import Decimal

from django.utils.translation import gettext as _

from analytics.services.common import Figure, instant, row, rows, span
from tickets.models import Ticket

_TIMES = """
SELECT count(*) AS n,
  percentile_cont(0.5) WITHIN GROUP (ORDER BY business_resolution) AS business,
  percentile_cont(0.9) WITHIN GROUP (ORDER BY business_resolution) AS business_p90,
  percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM resolved_at - created_at)) AS calendar,
  avg((reopened > 0)::int) AS reopened
FROM tickets_ticket WHERE resolved_at >= %(first)s AND resolved_at < %(last)s
"""
_ANSWERS = """
SELECT count(*) AS n,
  percentile_cont(0.5) WITHIN GROUP (ORDER BY business_response) AS business,
  percentile_cont(0.9) WITHIN GROUP (ORDER BY business_response) AS business_p90,
  percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM first_response_at - created_at)) AS calendar
FROM tickets_ticket WHERE first_response_at >= %(first)s AND first_response_at < %(last)s
"""


def handling_time(first, last, *, picture=True):
    """Receipt to full solution, and to the first response, in working and calendar seconds; bare without the picture."""
    solved = row(_TIMES, **span(first, last))
    if not picture:
        return Figure(_whole(solved["business"]))
    answered = row(_ANSWERS, **span(first, last))
    months = rows(
        "SELECT to_char(resolved_at, 'YYYY-MM'), percentile_cont(0.5) WITHIN GROUP (ORDER BY business_resolution) FROM tickets_ticket"
        " WHERE resolved_at >= %(first)s AND resolved_at < %(last)s GROUP BY 1 ORDER BY 1",
        **span(first, last),
    )
    reopened = solved["reopened"]
    parts = [
        ("solved", _("Requests solved"), solved["n"], "number"),
        ("solution_p90", _("Solution, nine of ten within, working time"), _whole(solved["business_p90"]), "seconds"),
        ("solution_calendar", _("Solution, calendar time"), _whole(solved["calendar"]), "seconds"),
        ("answered", _("First responses"), answered["n"], "number"),
        ("response", _("First response, working time"), _whole(answered["business"]), "seconds"),
        ("response_p90", _("First response, nine of ten within"), _whole(answered["business_p90"]), "seconds"),
        ("response_calendar", _("First response, calendar time"), _whole(answered["calendar"]), "seconds"),
        ("reopened", _("Reopened"), None if reopened is None else Decimal(round(reopened * 100, 1)), "percent"),
    ]
    return Figure(_whole(solved["business"]), parts, [(month, _whole(value)) for month, value in months])


def handling_records(first, last, part):
    """The requests solved in the range; those answered; those opened again."""
    if part.startswith(("response", "answered")):
        return Ticket.objects.filter(
            first_response_at__gte=instant(first), first_response_at__lt=instant(last)
        ).order_by("-business_response")
    solved = Ticket.objects.filter(resolved_at__gte=instant(first), resolved_at__lt=instant(last)).order_by(
        "-business_resolution"
    )
    return solved.filter(reopened__gt=0) if part == "reopened" else solved


def _whole(value):
    return None if value is None else round(value)
