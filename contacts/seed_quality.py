"""Data that need mending, as they are in every company: a list of a trade fair that somebody typed in a hurry, in each
language, records that grow old, and how the figures have become better over half a year."""

from datetime import timedelta

from contacts.models import QualityMark
from contacts.models.quality import Dimension
from contacts.services.quality import figures, measuring, sources

BAD_EN, BAD_RU = "Trade fair list.xlsx", "Список с выставки.xlsx"
FAIR = timedelta(days=400)
WEEKS = 26
# How much lower each figure was a week before, in percent of itself.
_SLOPES = {"total": 0.9, "completeness": 1.1, "validity": 0.7, "freshness": 0.5, "uniqueness": 0.1, "consistency": 0.4}
# Up to this many records the demo is measured at once; more are left to the workers, who find them noted.
AT_ONCE = 200_000


def spoil(plan):
    """Spoil some of what is there, before others look at it."""
    plan.tools()
    plan.run(
        """
        UPDATE contacts_contact SET
          source = CASE WHEN country = 'RU' THEN %(ru)s ELSE %(en)s END,
          first_name = CASE pg_temp.pick(id, 71, 6) WHEN 0 THEN upper(first_name) WHEN 1 THEN last_name WHEN 2 THEN first_name || ' ✨'
            WHEN 3 THEN CASE WHEN country = 'RU' THEN translate(first_name, 'аео', 'aeo') ELSE 'test' END ELSE first_name END,
          last_name = CASE pg_temp.pick(id, 71, 6) WHEN 0 THEN upper(last_name) WHEN 1 THEN first_name ELSE last_name END,
          middle_name = CASE WHEN pg_temp.pick(id, 71, 6) = 1 THEN '' ELSE middle_name END,
          phone = CASE pg_temp.pick(id, 72, 4) WHEN 0 THEN substr(phone, 1, 9) WHEN 1 THEN replace(phone, '0', 'O') ELSE phone END,
          city = CASE pg_temp.pick(id, 73, 2) WHEN 0 THEN '' ELSE city END, created_at = %(now)s - %(fair)s, updated_at = %(now)s - %(fair)s
        WHERE pg_temp.pick(id, 70, 24) = 0 AND id > 40
        """,
        ru=BAD_RU,
        en=BAD_EN,
        fair=FAIR,
    )
    plan.run(
        "UPDATE contacts_contactpoint p SET value = c.phone FROM contacts_contact c WHERE c.id = p.contact_id"
        " AND p.kind = 'phone' AND p.is_primary AND p.value <> c.phone AND c.phone <> ''"
    )
    for table in ("contacts_contact", "contacts_company"):
        plan.run(
            f"UPDATE {table} SET verified_at = %(now)s - make_interval(days => pg_temp.pick(id, 74, 500), hours => 3)"  # noqa: S608
            " WHERE pg_temp.pick(id, 75, 5) < 3"
        )


def seed(plan):
    """Measure everybody, count the figures and tell how they were before."""
    if plan.contacts > AT_ONCE:
        return
    for kind, (model, _quality) in measuring.MODELS.items():
        one, keys = measuring.Measure(kind), list(model.objects.order_by("pk").values_list("pk", flat=True))
        for start in range(0, len(keys), measuring.BATCH):
            one.of(keys[start : start + measuring.BATCH])
    QualityMark.objects.all().delete()
    figures.count()
    sources.name_bad_ones()
    _before(plan)


def _before(plan):
    """One row a week for half a year: fewer records, and each figure a little lower."""
    sums = {
        name: f"round(({name} / nullif({n}, 0) * (1 - w * {slope} / 100.0) * floor({n} * (1 - w * 0.008)))::numeric, 1)"
        for name, slope, n in [
            ("total", _SLOPES["total"], "records"),
            *((name, _SLOPES[name], f"scored[{place}]") for place, name in enumerate(Dimension.values, start=1)),
        ]
    }
    sums["total"] = sums["total"].replace("total /", "total::numeric /")
    scored = ", ".join(
        f"floor(scored[{place}] * (1 - w * 0.008))::int" for place in range(1, len(Dimension.values) + 1)
    )
    plan.run(
        f"""
        INSERT INTO contacts_qualityfigure (day, subject, cut, owner_id, team_id, source, segment_id, gaps, records, bad, {", ".join(sums)}, scored)
        SELECT date_trunc('week', day - 7 * w)::date, subject, cut, owner_id, team_id, source, segment_id, '{{}}', floor(records * (1 - w * 0.008)),
          round(bad * (1 + w * 0.01)), {", ".join(sums.values())}, ARRAY[{scored}]
        FROM contacts_qualityfigure, generate_series(1, {WEEKS}) w WHERE cut <> 'now'
        """  # noqa: S608  names and numbers of this module
    )
