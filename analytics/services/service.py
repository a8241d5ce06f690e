"""Figures about requests."""

from itertools import pairwise

from django.utils.translation import gettext as _

from analytics.services import times
from analytics.services.common import EVERYBODY, Figure, instant, months_of, parted, row, rows, share, span
from tickets.models import Ticket

BY = ("owner", "teams", "mailbox")
_HALF = "percentile_cont(0.5) WITHIN GROUP (ORDER BY {0})"
# Both shares of one column cost one sorting.
_TWO = "percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY {0})"
_TICKETS = "FROM analytics_ticketfact WHERE {0} >= %(first)s AND {0} < %(last)s"


def handling_time(first, last, *, scope=EVERYBODY, picture=True):
    """Receipt to full solution, and to the first response, in working and calendar seconds; bare without the picture."""
    found = _from_cells(first, last, picture) if scope == EVERYBODY else None
    found = found or _from_facts(first, last, scope, picture)
    if not picture:
        return Figure(_whole(found["solution"]))
    parts = [
        ("solved", _("Requests solved"), found["solved"], "number"),
        ("solution_p90", _("Solution, nine of ten within, working time"), _whole(found["solution_p90"]), "seconds"),
        ("solution_calendar", _("Solution, calendar time"), _whole(found["solution_calendar"]), "seconds"),
        ("answered", _("First responses"), found["answered"], "number"),
        ("response", _("First response, working time"), _whole(found["answer"]), "seconds"),
        ("response_p90", _("First response, nine of ten within"), _whole(found["answer_p90"]), "seconds"),
        ("response_calendar", _("First response, calendar time"), _whole(found["answer_calendar"]), "seconds"),
        ("reopened", _("Reopened"), share(found["reopened"], found["solved"]), "percent"),
    ]
    months = [(f"{day:%Y-%m}", _whole(value)) for day, value in found["months"] if value is not None]
    return Figure(_whole(found["solution"]), parts, months)


def _from_cells(first, last, picture):
    """The figures of everybody out of the histogram; None when it was written in between."""
    whole, monthly = (
        times.distributions(first, last) if picture else times.distributions(first, last, ["solution_work"])
    )
    asked = {"solution": (first, last, whole["solution_work"], 0.5)}
    ends = dict(pairwise([*months_of(first, last), last]))
    if picture:
        asked["solution_p90"] = (first, last, whole["solution_work"], 0.9)
        asked |= {day.isoformat(): (day, ends[day], counts, 0.5) for day, counts in monthly.items()}
    found = times.quantiles("solution_work", asked)
    if found is None or not picture:
        return found and {"solution": found.get("solution")}
    others = {
        "solution_calendar": {"solution_calendar": 0.5},
        "answer_work": {"answer": 0.5, "answer_p90": 0.9},
        "answer_calendar": {"answer_calendar": 0.5},
    }
    for measure, shares in others.items():
        more = times.quantiles(measure, {key: (first, last, whole[measure], part) for key, part in shares.items()})
        if more is None:
            return None
        found |= more
    names = ("solution", "solution_p90", "answer", "answer_p90", "solution_calendar", "answer_calendar")
    return {name: found.get(name) for name in names} | {
        "solved": whole["solution_calendar"].total(),
        "answered": whole["answer_calendar"].total(),
        "reopened": whole["reopened"].total(),
        "months": [(day, found.get(day.isoformat())) for day in sorted(monthly)],
    }


def _from_facts(first, last, scope, picture):
    """The figures of some, or of everybody, by sorting their facts."""
    values = span(first, last) | scope.values
    solved_in = _TICKETS.format("solved_at") + scope.sql(*BY)
    if not picture:
        return row(f"SELECT {_HALF.format('solution_work')} AS solution {solved_in}", **values)
    solved = row(
        f"SELECT count(*) AS solved, {_TWO.format('solution_work')} AS work, {_HALF.format('solution_calendar')} AS solution_calendar,"
        f" count(*) FILTER (WHERE reopened) AS reopened {solved_in}",
        **values,
    )
    answered = row(
        f"SELECT count(*) AS answered, {_TWO.format('answer_work')} AS work, {_HALF.format('answer_calendar')} AS answer_calendar"
        f" {_TICKETS.format('answered_at')}{scope.sql(*BY)}",
        **values,
    )
    solution, solution_p90 = solved["work"] or (None, None)
    answer, answer_p90 = answered["work"] or (None, None)
    halves = {"solution": solution, "solution_p90": solution_p90, "answer": answer, "answer_p90": answer_p90}
    return solved | answered | halves | {"months": _by_month(first, last, scope)}


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
    return [(days[place - 1], value) for place, value in months]


def handling_records(first, last, part, scope=EVERYBODY):
    """The requests solved in the range; those answered; those opened again."""
    tickets = Ticket.objects.filter(**scope.lookups(*BY))
    if part.startswith(("response", "answered")):
        return tickets.filter(first_response_at__gte=instant(first), first_response_at__lt=instant(last))
    solved = tickets.filter(resolved_at__gte=instant(first), resolved_at__lt=instant(last))
    return solved.filter(reopened__gt=0) if part == "reopened" else solved


def _whole(value):
    return None if value is None else round(value)
