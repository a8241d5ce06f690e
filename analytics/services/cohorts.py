"""Who comes back: people by the quarter of their first purchase, and how many of them bought in each quarter after it."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from django.db.models import Exists, OuterRef

from analytics.models import CohortCell, OrderFact
from analytics.services.common import EVERYBODY, instant, rows
from analytics.services.facts import CELLS
from contacts.models import Contact

SHOWN = 8


@dataclass(frozen=True)
class Cell:
    """`share` of the cohort bought in the quarter that begins on `day`; `open` while that quarter lasts."""

    day: date
    place: int
    people: int
    share: int
    tone: int
    open: bool


def table(last, scope=EVERYBODY):
    """(cohorts, means): the last eight cohorts before `last` as (quarter, people, cells); each later quarter's weighted mean.

    Quarters that have not ended are left out of the means.
    """
    found = {(joined, bought): n for joined, bought, n in _cells(scope)}
    this = _quarter(last - timedelta(days=1))
    quarters = [_shift(this, -n) for n in range(SHOWN)][::-1]
    cohorts = []
    for joined in quarters:
        people = found.get((joined, joined), 0)
        if people:
            later = [day for day in quarters if day > joined]
            cohorts.append(
                (joined, people, [_cell(found, joined, n + 1, day, people, last) for n, day in enumerate(later)])
            )
    return cohorts, [_mean(cohorts, place) for place in range(1, SHOWN)]


def people(joined, bought, scope=EVERYBODY):
    """The contacts who first bought in one quarter and bought in another."""
    cell = OrderFact.objects.filter(
        contact_id=OuterRef("pk"),
        first_at__gte=instant(joined),
        first_at__lt=instant(_shift(joined, 1)),
        paid_at__gte=instant(bought),
        paid_at__lt=instant(_shift(bought, 1)),
        **scope.lookups("owner", "teams"),
    )
    return Contact.objects.filter(Exists(cell))


def _cells(scope):
    if scope == EVERYBODY:
        return CohortCell.objects.values_list("joined_on", "bought_on", "people")
    cells = CELLS.format(one=scope.sql("owner", "teams"))
    found = rows(cells, zone=str(instant(date(2026, 1, 1)).tzinfo), **scope.values)
    return [(joined, bought, n) for joined, bought, n, _revenue in found]


def _cell(found, joined, place, day, whole, last):
    n = found.get((joined, day), 0)
    share = int((Decimal(n) * 100 / whole).quantize(Decimal(1), ROUND_HALF_UP))
    return Cell(day, place, n, share, min(6, 1 + share // 15), _shift(day, 1) > last)


def _mean(cohorts, place):
    cells = [(whole, cell) for _day, whole, row in cohorts for cell in row if cell.place == place and not cell.open]
    whole = sum(n for n, _cell in cells)
    return round(sum(cell.people for _n, cell in cells) * 100 / whole) if whole else None


def _quarter(day):
    return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)


def _shift(day, quarters):
    months = day.year * 12 + day.month - 1 + quarters * 3
    return date(months // 12, months % 12 + 1, 1)
