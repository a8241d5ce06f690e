"""Companies that may be one: by taxpayer's number, website, address and name without its legal form."""

from django.db import connection, transaction
from rapidfuzz.distance import JaroWinkler

from contacts.models import Company, CompanyPair, ContactPoint
from contacts.services.duplicates import lookup
from contacts.services.duplicates.names import FORMS
from contacts.services.duplicates.records import company_key
from contacts.services.duplicates.sharing import couples
from crm import bulk
from crm.text import digits, norm_email, sort_key

REVIEW = 0.7
BATCH = 5000
_FIELDS = ("pk", "name", "inn", "domain", "email", "phone", "city")
_CODED = "(SELECT id, contacts_company_code(name_key) AS code, city FROM contacts_company WHERE name_key <> '') c"
# Each brings together companies that share a key; an error in one field, or in one word, leaves the others.
_KEYS = f"""
SELECT id, 'name ' || btrim(regexp_replace(
    ' ' || translate(name_key, '«»"„“”.,()&''', '            ') || ' ', '( ({"|".join(FORMS)}))+(?= )', ' ', 'g'))
  FROM contacts_company WHERE name_key <> ''
UNION ALL SELECT id, 'sound ' || code FROM {_CODED} WHERE code <> ''
UNION ALL SELECT id, 'city ' || word || upper(city) FROM {_CODED}, unnest(string_to_array(code, ' ')) word WHERE city <> ''
UNION ALL SELECT id, 'inn ' || coalesce(nullif(regexp_replace(inn, '\\D', '', 'g'), ''), inn) FROM contacts_company WHERE inn <> ''
UNION ALL SELECT id, 'site ' || rtrim(regexp_replace(lower(domain), '^(https?://)?(www\\.)?', ''), '/')
  FROM contacts_company WHERE domain <> ''
UNION ALL SELECT company_id, kind || CASE kind WHEN 'phone' THEN right(norm, 9) ELSE norm END
  FROM contacts_contactpoint WHERE company_id IS NOT NULL"""


def scan():
    """Compare all companies that share something and keep the pairs worth a look. Returns how many."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL work_mem = '256MB'")
        cursor.execute(couples(_KEYS, "contacts_companypair"), {})
        found = sorted(cursor.fetchall())
    kept = set()
    for start in range(0, len(found), BATCH):
        kept.update(keep(found[start : start + BATCH]))
    rows = CompanyPair.objects.open().values_list("pk", "first_id", "second_id")
    gone = [pk for pk, first, second in rows if (first, second) not in kept]
    CompanyPair.objects.filter(pk__in=bulk.among(gone, "bigint")).delete()
    return len(kept)


def look_at(company):
    """Keep the likely duplicates of a company that has just come. Returns how many."""
    near = {pk for pk, _how in lookup.near_companies(company.name, company.inn, company.domain)} - {company.pk}
    pairs = {tuple(sorted((pk, company.pk))) for pk in near}
    never = CompanyPair.objects.filter(state=CompanyPair.State.NEVER).values_list("first_id", "second_id")
    return len(keep(sorted(pairs - set(never.filter(first__in=near) | never.filter(second__in=near)))))


def keep(pairs):
    """Weigh pairs of keys of companies, the older first, and keep those worth a look. Returns these."""
    rows = _known({pk for couple in pairs for pk in couple})
    found = [pair for a, b in pairs if a in rows and b in rows and (pair := _weighed(rows, (a, b)))]
    CompanyPair.objects.bulk_create(
        found,
        update_conflicts=True,
        unique_fields=["first", "second"],
        update_fields=["score", "reasons"],
        batch_size=2000,
    )
    return [(pair.first_id, pair.second_id) for pair in found]


def _known(keys):
    """{key: what is compared} of companies."""
    found = Company.objects.filter(pk__in=bulk.among(keys, "bigint")).values(*_FIELDS)
    rows = {row["pk"]: _compared(row) for row in found}
    points = ContactPoint.objects.filter(company__in=bulk.among(rows, "bigint"))
    for pk, kind, norm in points.values_list("company_id", "kind", "norm"):
        rows[pk]["points"].add((kind, norm[-9:] if kind == "phone" else norm))
    return rows


def _compared(row):
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


def _weighed(rows, couple):
    """The pair with its score, or None when it is not worth a look."""
    one, other = rows[couple[0]], rows[couple[1]]
    alike = _likeness(one["key"], other["key"])
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
    reasons = [[name, "same"] for name in same]
    reasons += [["name", "same" if alike == 1 else "alike"]] if alike >= 0.9 else []
    reasons += [["city", "same"]] if city else []
    return CompanyPair(first_id=couple[0], second_id=couple[1], score=score, reasons=reasons)


def _likeness(one, other):
    """0 to 1: how much two names are alike, word by word, as much as the words that differ most.

    What a hundred firms are called, as laboratory, says nothing of the word behind it. Names of more and fewer words are
    compared as a whole, and are never the same.
    """
    first, second = one.split(), other.split()
    if not first or not second:
        return 0
    if len(first) != len(second):
        return min(JaroWinkler.similarity(one.replace(" ", ""), other.replace(" ", "")), 0.96)
    rest, least = list(second), 1.0
    for word in first:
        like, place = max((JaroWinkler.similarity(word, candidate), place) for place, candidate in enumerate(rest))
        least = min(least, like)
        rest.pop(place)
    return least
