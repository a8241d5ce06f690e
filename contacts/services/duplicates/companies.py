"""Companies that may be one: by taxpayer's number, website, address and name without its legal form."""

from collections import defaultdict

from rapidfuzz.distance import JaroWinkler

from contacts.models import Company, CompanyPair, ContactPoint
from contacts.services.duplicates.records import company_key
from crm.text import digits, norm_email, sort_key

LARGEST = 25
REVIEW = 0.7
_FIELDS = ("pk", "name", "inn", "domain", "email", "phone", "city")


def scan():
    """Compare all companies and keep the pairs worth a look. Returns how many."""
    rows = {row["pk"]: _known(row) for row in Company.objects.values(*_FIELDS).iterator(chunk_size=5000)}
    for pk, kind, norm in ContactPoint.objects.filter(company__isnull=False).values_list("company_id", "kind", "norm"):
        rows[pk]["points"].add((kind, norm))
    settled = set(CompanyPair.objects.filter(state=CompanyPair.State.NEVER).values_list("first_id", "second_id"))
    found = [pair for couple in sorted(_couples(rows) - settled) if (pair := _weighed(rows, couple))]
    CompanyPair.objects.open().exclude(pk__in=_known_pairs(found)).delete()
    CompanyPair.objects.bulk_create(
        found,
        update_conflicts=True,
        unique_fields=["first", "second"],
        update_fields=["score", "reasons"],
        batch_size=2000,
    )
    return len(found)


def _known_pairs(found):
    keys = {(pair.first_id, pair.second_id) for pair in found}
    rows = CompanyPair.objects.open().values_list("pk", "first_id", "second_id")
    return [pk for pk, first, second in rows if (first, second) in keys]


def _known(row):
    return {
        "key": company_key(row["name"]),
        "inn": digits(row["inn"]) or row["inn"],
        "domain": row["domain"]
        .casefold()
        .removeprefix("https://")
        .removeprefix("http://")
        .removeprefix("www.")
        .strip("/"),
        "city": sort_key(row["city"]),
        "points": {("email", norm) for norm in [norm_email(row["email"])] if norm}
        | {("phone", phone[-9:]) for phone in [digits(row["phone"])] if phone},
    }


def _couples(rows):
    """Pairs of keys of companies that share something, the older first."""
    blocks = defaultdict(list)
    for pk, row in rows.items():
        for name in ("key", "inn", "domain"):
            if row[name]:
                blocks[name, row[name]].append(pk)
        # The first words alone find a name with a slip in the rest.
        blocks["start", row["key"][:6], row["city"]].append(pk)
        for point in row["points"]:
            blocks[point].append(pk)
    couples = set()
    for pks in blocks.values():
        if 1 < len(pks) <= LARGEST:
            couples |= {(a, b) for a in pks for b in pks if a < b}
    return couples


def _weighed(rows, couple):
    """The pair with its score, or None when it is not worth a look."""
    one, other = rows[couple[0]], rows[couple[1]]
    alike = JaroWinkler.similarity(one["key"], other["key"]) if one["key"] and other["key"] else 0
    same = [name for name in ("inn", "domain") if one[name] and one[name] == other[name]]
    same += sorted({kind for kind, _norm in one["points"] & other["points"]})
    city = bool(one["city"]) and one["city"] == other["city"]
    # Each taxpayer is a company of its own, a branch or namesake included.
    if one["inn"] and other["inn"] and one["inn"] != other["inn"]:
        return None
    if "inn" in same:
        score = 0.99
    elif alike == 1 and (same or city):
        score = 0.97
    elif alike >= 0.93 and same:
        score = 0.92
    elif alike == 1 or (alike >= 0.95 and city):
        score = 0.75 if not (one["city"] and other["city"] and not city) else 0.6
    else:
        score = 0
    if score < REVIEW:
        return None
    reasons = [*same, *(["name"] if alike >= 0.9 else []), *(["city"] if city else [])]
    return CompanyPair(
        first_id=couple[0], second_id=couple[1], score=score, reasons=[[name, "same"] for name in reasons]
    )
