"""Figures about requests."""

from django.utils.translation import gettext as _

from analytics.services.common import EVERYBODY, Figure, instant, months_of, parted, row, rows, share, span
from tickets.models import Ticket

BY = ("owner", "teams", "mailbox")
_HALF = "percentile_cont(0.5) WITHIN GROUP (ORDER BY {0})"
# Both shares of one column cost one sorting.
_TWO = "percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY {0})"
_TICKETS = "FROM analytics_ticketfact WHERE {0} >= %(first)s AND {0} < %(last)s"


def handling_time(first, last, *, scope=EVERYBODY, picture=True):
    """Receipt to full solution, and to the first response, in working and calendar seconds; bare without the picture."""
    values = span(first, last) | scope.values
    solved_in = _TICKETS.format("solved_at") + scope.sql(*BY)
    if not picture:
        return Figure(_whole(row(f"SELECT {_HALF.format('solution_work')} AS work {solved_in}", **values)["work"]))
    solved = row(
        f"SELECT count(*) AS n, {_TWO.format('solution_work')} AS work, {_HALF.format('solution_calendar')} AS calendar,"
        f" count(*) FILTER (WHERE reopened) AS reopened {solved_in}",
        **values,
    )
    answered = row(
        f"SELECT count(*) AS n, {_TWO.format('answer_work')} AS work, {_HALF.format('answer_calendar')} AS calendar"
        f" {_TICKETS.format('answered_at')}{scope.sql(*BY)}",
        **values,
    )
    (solution, solution_p90), (answer, answer_p90) = solved["work"] or (None, None), answered["work"] or (None, None)
    parts = [
        ("solved", _("Requests solved"), solved["n"], "number"),
        ("solution_p90", _("Solution, nine of ten within, working time"), _whole(solution_p90), "seconds"),
        ("solution_calendar", _("Solution, calendar time"), _whole(solved["calendar"]), "seconds"),
        ("answered", _("First responses"), answered["n"], "number"),
        ("response", _("First response, working time"), _whole(answer), "seconds"),
        ("response_p90", _("First response, nine of ten within"), _whole(answer_p90), "seconds"),
        ("response_calendar", _("First response, calendar time"), _whole(answered["calendar"]), "seconds"),
        ("reopened", _("Reopened"), share(solved["reopened"], solved["n"]), "percent"),
    ]
    return Figure(_whole(solution), parts, _by_month(first, last, scope))


def _by_month(first, last, scope):
    """The median of each month that has any."""
    days = months_of(first, last)
    part, bounds = parted("solved_at", days)
    months = rows(
        f"SELECT {part}, {_HALF.format('solution_work')} {_TICKETS.format('solved_at')}{scope.sql(*BY)} GROUP BY 1 ORDER BY 1",
        **span(first, last),
        **bounds,
        **scope.values,
    )
    return [(f"{days[place - 1]:%Y-%m}", _whole(value)) for place, value in months]


def handling_records(first, last, part, scope=EVERYBODY):
    """The requests solved in the range; those answered; those opened again."""
    tickets = Ticket.objects.filter(**scope.lookups(*BY))
    if part.startswith(("response", "answered")):
        return tickets.filter(first_response_at__gte=instant(first), first_response_at__lt=instant(last))
    solved = tickets.filter(resolved_at__gte=instant(first), resolved_at__lt=instant(last))
    return solved.filter(reopened__gt=0) if part == "reopened" else solved


def _whole(value):
    return None if value is None else round(value)
