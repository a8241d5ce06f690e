"""How good the data are over all records: by owner, team, source and segment, now and on each day of the past.

One grouped statement a kind of record counts the rows of now; the rows of the day follow from them. Pages read these rows alone,
cut down to what the reader may see by owner and team, so that they cost the same whatever the number of records. What was
opened to somebody by hand is not in their figures.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal

from django.db import connection, transaction
from django.db.models import F, Func, IntegerField, Q, Sum
from django.utils import timezone

from contacts.models import QualityFigure, QualityRule, QualitySettings
from contacts.models.quality import Dimension
from contacts.services.quality.rules import MODELS
from crm import access

Cut = QualityFigure.Cut
BAD = (Dimension.VALIDITY, Dimension.UNIQUENESS)
_LOCK = "SELECT pg_advisory_xact_lock(hashtext('contacts.quality.figures'))"
# So long each day is kept, then one a week.
DAILY = timedelta(days=100)
_SUMS = ("records", "bad", "total", *Dimension.values)
_WRITTEN = f"records, bad, total, {', '.join(Dimension.values)}, scored"
_COUNTED = (
    "count(*), count(*) FILTER (WHERE q.gaps && %(bad)s::bigint[]), coalesce(sum(q.total), 0), "
    + ", ".join(f"sum(q.{name})" for name in Dimension.values)
    + f", ARRAY[{', '.join(f'count(q.{name})' for name in Dimension.values)}]"
)
_ADDED = (
    "sum(records), sum(bad), sum(total), "
    + ", ".join(f"sum({name})" for name in Dimension.values)
    + f", ARRAY[{', '.join(f'sum(scored[{place}])' for place in range(1, len(Dimension.values) + 1))}]::int[]"
)


@dataclass
class SegmentCut:
    """What an app above says of its groups of people: `members()` gives (segment key, contact key), `names(user, keys)`
    the {key: name} of those the user may see."""

    members: Callable
    names: Callable


_segments: list[SegmentCut] = []


def by_segment(members, names):
    """Register groups of people whose data quality is shown too."""
    _segments.append(SegmentCut(members, names))


def segment_names(user, keys):
    return {key: name for cut in _segments for key, name in cut.names(user, keys).items()}


def is_due():
    """Whether there is something new to count."""
    last = QualitySettings.get().counted_at
    if last is None or timezone.localdate(last) != timezone.localdate():
        return True
    return any(quality.objects.filter(measured_at__gt=last).exists() for _model, quality in MODELS.values())


@transaction.atomic
def count(day=None):
    """Write the figures of now, and those of the day. A day counted twice is written over."""
    day = day or timezone.localdate()
    with connection.cursor() as cursor:
        cursor.execute(_LOCK)
        cursor.execute("SET LOCAL work_mem = '64MB'")
        for subject in MODELS:
            _count_now(cursor, subject, day)
            _count_day(cursor, subject, day)
        QualitySettings.objects.update_or_create(pk=1, defaults={"counted_at": timezone.now()})
    # Of what is long ago the Mondays tell enough.
    old = QualityFigure.objects.filter(day__lt=day - DAILY).exclude(cut=Cut.NOW)
    old.exclude(day__iso_week_day=1).delete()


def _count_now(cursor, subject, day):
    model, quality = MODELS[subject]
    bad = QualityRule.objects.filter(subject=subject, dimension__in=BAD).values_list("pk", flat=True)
    values = {"day": day, "subject": subject, "bad": list(bad)}
    cursor.execute("DELETE FROM contacts_qualityfigure WHERE subject = %(subject)s AND cut = 'now'", values)
    rows = f"{model._meta.db_table} c JOIN {quality._meta.db_table} q ON q.record_id = c.id"
    cursor.execute(
        "INSERT INTO contacts_qualityfigure (day, subject, cut, owner_id, team_id, source, gaps, "  # noqa: S608
        f"{_WRITTEN}) SELECT %(day)s, %(subject)s, 'now', c.owner_id, c.team_id, c.source, '{{}}', {_COUNTED}"
        f" FROM {rows} GROUP BY c.owner_id, c.team_id, c.source",
        values,
    )
    cursor.execute(
        "UPDATE contacts_qualityfigure f SET gaps = g.gaps FROM ("  # noqa: S608
        " SELECT owner_id, team_id, source, jsonb_object_agg(gap, n) AS gaps FROM ("
        f"  SELECT c.owner_id, c.team_id, c.source, gap, count(*) AS n FROM {rows}, unnest(q.gaps) gap GROUP BY 1, 2, 3, 4"
        " ) x GROUP BY 1, 2, 3"
        ") g WHERE f.subject = %(subject)s AND f.cut = 'now' AND f.source = g.source"
        " AND f.owner_id IS NOT DISTINCT FROM g.owner_id AND f.team_id IS NOT DISTINCT FROM g.team_id",
        values,
    )


def _count_day(cursor, subject, day):
    values = {"day": day, "subject": subject}
    cursor.execute(
        "DELETE FROM contacts_qualityfigure WHERE subject = %(subject)s AND day = %(day)s AND cut <> 'now'", values
    )
    for cut, columns in ((Cut.OWNER, "owner_id, team_id"), (Cut.SOURCE, "source")):
        plain = columns if cut == Cut.SOURCE else f"{columns}, source"
        select = columns if cut == Cut.SOURCE else f"{columns}, ''"
        cursor.execute(
            f"INSERT INTO contacts_qualityfigure (day, subject, cut, {plain}, gaps, {_WRITTEN})"  # noqa: S608
            f" SELECT %(day)s, %(subject)s, '{cut.value}', {select}, '{{}}', {_ADDED}"
            f" FROM contacts_qualityfigure WHERE subject = %(subject)s AND cut = 'now' GROUP BY {columns}",
            values,
        )
    if subject == "contact":
        for cut in _segments:
            _count_segments(cursor, cut, values)


def _count_segments(cursor, cut, values):
    members, params = cut.members().query.sql_with_params()
    bad = list(QualityRule.objects.filter(subject="contact", dimension__in=BAD).values_list("pk", flat=True))
    counted = _COUNTED.replace("%(bad)s", "%s")
    cursor.execute(
        f"INSERT INTO contacts_qualityfigure (day, subject, cut, segment_id, source, gaps, {_WRITTEN})"  # noqa: S608
        f" SELECT %s, 'contact', 'segment', m.segment, '', '{{}}', {counted} FROM ({members}) m (segment, contact)"
        " JOIN contacts_contactquality q ON q.record_id = m.contact GROUP BY m.segment",
        [values["day"], bad, *params],
    )


@dataclass
class Mean:
    """The figures of a group: how many records, how many of them bad, the mean of the whole and of each dimension.

    Means are Decimals of one decimal, None where nothing was measured. `gaps` are {rule: records}.
    """

    records: int = 0
    bad: int = 0
    sums: dict = field(default_factory=lambda: dict.fromkeys(("total", *Dimension.values), Decimal(0)))
    scored: dict = field(default_factory=lambda: dict.fromkeys(Dimension.values, 0))
    gaps: dict = field(default_factory=dict)

    def add(self, row):
        """Add the sums of a row, or of a dictionary of them."""
        self.records += row["records"]
        self.bad += row["bad"]
        for name in self.sums:
            self.sums[name] += row[name] or 0
        for name, n in zip(Dimension.values, row["scored"], strict=True):
            self.scored[name] += n
        for rule, n in row.get("gaps", {}).items():
            self.gaps[int(rule)] = self.gaps.get(int(rule), 0) + n
        return self

    def of(self, name="total"):
        n = self.records if name == "total" else self.scored[name]
        return (self.sums[name] / n).quantize(Decimal("0.1"), ROUND_HALF_UP) if n else None

    @property
    def total(self):
        return self.of()

    @property
    def by_name(self):
        """{dimension: mean}."""
        return {name: self.of(name) for name in Dimension.values}

    @property
    def dimensions(self):
        """(name, label, mean) of those that are measured."""
        found = [(name, Dimension(name).label, self.of(name)) for name in Dimension.values]
        return [one for one in found if one[2] is not None]


def visible(user, subject):
    """The rows of owners and of now that a user may see: as his records, by owner and team."""
    rows = QualityFigure.objects.filter(subject=subject)
    level = user.level(subject)
    if level == access.ALL:
        return rows
    if level == access.NONE:
        return rows.none()
    mine = Q(owner_id=user.pk)
    return rows.filter(mine | Q(team_id__in=user.team_ids) if level == access.TEAM else mine)


def now(user, subject, by):
    """{key: Mean} of the last count, by "owner_id", "team_id" or "source", or of everything with "subject"."""
    names = ("records", "bad", "total", *Dimension.values, "scored", "gaps", by)
    found = {}
    for row in visible(user, subject).filter(cut=Cut.NOW).values(*names):
        found.setdefault(row[by], Mean()).add(row)
    return found


class _At(Func):
    """One element of an array."""

    template = "(%(expressions)s)[%(place)s]"

    def __init__(self, column, place):
        super().__init__(F(column), place=place, output_field=IntegerField())


def days(user, subject, since, **narrowed):
    """[(day, Mean)] in order, out of what the user may see; `narrowed` by source or segment for those who see everything."""
    cut = Cut.SEGMENT if "segment_id" in narrowed else Cut.SOURCE if "source" in narrowed else Cut.OWNER
    if cut != Cut.OWNER and user.level(subject) < access.ALL:
        return []
    rows = visible(user, subject).filter(cut=cut, day__gte=since, **narrowed).order_by("day").values("day")
    scored = {f"n{place}": Sum(_At("scored", place + 1)) for place in range(len(Dimension.values))}
    summed = rows.annotate(**{f"sum_{name}": Sum(name) for name in _SUMS}, **scored)
    return [
        (row["day"], Mean().add({name: row[f"sum_{name}"] for name in _SUMS} | {"scored": [row[name] for name in scored]}))
        for row in summed
    ]  # fmt: skip


def segments(user):
    """{segment key: Mean} of the last day, for those who see everybody."""
    if user.level("contact") < access.ALL:
        return {}
    rows = QualityFigure.objects.filter(subject="contact", cut=Cut.SEGMENT)
    last = rows.order_by("-day").values_list("day", flat=True).first()
    return {row["segment_id"]: Mean().add(row) for row in rows.filter(day=last).values()}
