"""Where bad records come from: sources held against a bar with certainty, named, and told to whoever can do something.

A source is bad when the lower end of the 95 % interval of its share of bad records (Wilson, JASA 22, 1927) is above the bar
and it has brought enough records: three wrong ones out of five say nothing. Bad is a record that breaks a rule of validity or of
uniqueness.
"""

from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from math import sqrt

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from contacts.models import BadSource, ImportRun, QualityFigure, QualityRule, QualitySettings
from contacts.services.quality.figures import Cut, Mean, now
from crm import access
from crm.models import User
from crm.notify import notify
from crm.templatetags.ui import day

KIND = "quality.source"
Z = 1.959964
# What the table of sources tells apart: (name, checks).
PARTS = (
    ("names", ("name", "last_name", "company_name")),
    ("addresses", ("email",)),
    ("bounced", ("bounced",)),
    ("phones", ("phone",)),
    ("duplicates", ("duplicate",)),
)
_origins = []


@dataclass
class Source:
    """A source with its mean, the share of bad records in percent and the lower end of it, its parts, and where it came from."""

    name: str
    mean: Mean
    share: Decimal
    least: Decimal
    is_bad: bool
    parts: dict = field(default_factory=dict)
    origins: list = field(default_factory=list)


def origin(find):
    """Register where sources come from: `find(user, names)` gives {name: [(label, url)]} of what the user may see."""
    _origins.append(find)
    return find


def wilson_lower(bad, n, z=Z):
    """The lower end of Wilson's interval for `bad` out of `n`, from 0 to 1; 0 for nothing."""
    if not bad:
        return 0.0
    share = bad / n
    centre = share + z * z / (2 * n)
    spread = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, (centre - spread) / (1 + z * z / n))


def table(user, subject, limit=50):
    """Sources that the user sees records of, the worst first."""
    found = judged(now(user, subject, "source"), subject)
    found.sort(key=lambda one: (-one.is_bad, -one.least, -one.mean.records, one.name))
    shown = found[:limit]
    names = [one.name for one in shown if one.name]
    for find in _origins:
        for name, links in find(user, names).items():
            next(one for one in shown if one.name == name).origins += links
    return shown


def judged(means, subject):
    """[Source] out of {name: Mean}."""
    bar = QualitySettings.get()
    tests = dict(QualityRule.objects.filter(subject=subject).values_list("pk", "test"))
    found = []
    for name, mean in means.items():
        least = wilson_lower(mean.bad, mean.records)
        parts = {part: sum(n for rule, n in mean.gaps.items() if tests.get(rule) in checks) for part, checks in PARTS}
        is_bad = mean.records >= bar.source_least and least * 100 > bar.source_share
        found.append(
            Source(name, mean, _percent(mean.bad / mean.records if mean.records else 0), _percent(least), is_bad, parts)
        )
    return found


def _percent(share):
    return Decimal(share * 100).quantize(Decimal("0.1"), ROUND_HALF_UP)


@transaction.atomic
def name_bad_ones():
    """Note which sources have turned bad or better since the last count, and tell of those that turned bad. Returns them."""
    turned = []
    for subject in ("contact", "company"):
        rows = QualityFigure.objects.filter(subject=subject, cut=Cut.NOW).exclude(source="")
        means, teams = {}, {}
        for row in rows.values():
            means.setdefault(row["source"], Mean()).add(row)
            teams.setdefault(row["source"], set()).add(row["team_id"])
        bad = {one.name: one for one in judged(means, subject) if one.is_bad}
        known = {
            one.source: one for one in BadSource.objects.select_for_update().filter(subject=subject, until_on=None)
        }
        for name in known.keys() - bad.keys():
            BadSource.objects.filter(pk=known[name].pk).update(until_on=timezone.localdate())
        for name in bad.keys() - known.keys():
            row = BadSource.objects.create(
                subject=subject, source=name, since_on=timezone.localdate(), share=bad[name].share
            )
            _tell(row, teams[name])
            turned.append(row)
    return turned


def _tell(row, teams):
    """Tell whoever imported it, and those who lead the teams that hold its records."""
    importers = set(ImportRun.objects.filter(file__name=row.source).values_list("by", flat=True))
    url = f"{reverse('contacts:quality')}?of={row.subject}#sources"
    for user in User.objects.filter(is_active=True).select_related("team").prefetch_related("roles"):
        level = user.level(row.subject, "edit")
        leads = level == access.ALL or (level == access.TEAM and teams & set(user.team_ids))
        if leads or user.pk in importers:
            with override(user.language):
                text = _("The source “%(source)s” brings bad data: %(share)s %% of its records.")
                notify(user, KIND, text % {"source": row.source, "share": row.share}, url, key=str(row.pk))


@origin
def _imports(user, names):
    """The runs that brought a file of that name."""
    if not access.may(user, "import"):
        return {}
    runs = ImportRun.objects.visible_to(user).filter(file__name__in=names).select_related("file").order_by("-pk")[:200]
    found = {}
    for run in runs:
        found.setdefault(run.file.name, []).append(
            (_("Import of %(day)s") % {"day": day(run.created_at)}, run.get_absolute_url())
        )
    return found
