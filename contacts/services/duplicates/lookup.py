"""Who is here already: for a form that is being filled, a letter, a row of a file. Light enough for web processes.

Everything is found by btree indexes: addresses in their normal form, names as they sort, and names as they sound. What
an index brings is then looked at: only names that are truly alike, and not too frequent, are told.
"""

from dataclasses import dataclass, field

from django.db import connection
from django.utils.translation import gettext_lazy as _
from rapidfuzz.distance import JaroWinkler

from contacts.models import Company, Contact
from contacts.services.duplicates.names import full_names, latin, spelling, without_patronymic
from contacts.services.duplicates.records import company_key
from crm.field_access import may_see
from crm.models import Workspace
from crm.text import digits, norm_email, norm_phone, sort_key

REASONS = {
    "email": _("same email"), "phone": _("same phone"), "name": _("similar name"), "birthday": _("same birthday"),
    "company": _("same company"), "city": _("same city"), "inn": _("same taxpayer number"), "domain": _("same website"),
}  # fmt: skip
# What an index may bring for each question; a name that more people have says nothing by itself.
MOST = 50
RARE = 4
SHOWN = 5
_GUARDS = {"birthday_on": "birthday", "city": "address"}
_ALIKE = 0.9
_PEOPLE = """
SELECT r.i, found.id, found.how FROM unnest(%s::int[], %s::text[], %s::text[], %s::text[], %s::text[], %s::date[], %s::text[])
  AS r(i, key, swapped, email, phone, born, company) CROSS JOIN LATERAL (
  (SELECT contact_id AS id, 'email' AS how FROM contacts_contactpoint
    WHERE norm = r.email AND kind = 'email' AND contact_id IS NOT NULL LIMIT 20)
  UNION ALL (SELECT contact_id, 'phone' FROM contacts_contactpoint
    WHERE norm = r.phone AND kind = 'phone' AND contact_id IS NOT NULL LIMIT 20)
  UNION ALL (SELECT id, 'name' FROM contacts_contact WHERE name_key >= r.key AND name_key <= r.key || ' я' ORDER BY name_key, id LIMIT %s)
  UNION ALL (SELECT id, 'name' FROM contacts_contact WHERE name_key >= r.swapped AND name_key <= r.swapped || ' я' ORDER BY name_key, id LIMIT %s)
  UNION ALL (SELECT id, 'sound' FROM contacts_contact
    WHERE contacts_name_code(name_key) = contacts_name_code(r.key) AND birthday_on = r.born LIMIT %s)
  UNION ALL (SELECT c.id, 'sound' FROM contacts_contact c WHERE contacts_name_code(c.name_key) = contacts_name_code(r.key)
    AND c.company_id IN (SELECT k.id FROM contacts_company k WHERE k.name_key = r.company ORDER BY k.id LIMIT 3) LIMIT %s)
  UNION ALL (SELECT id, 'sound' FROM contacts_contact WHERE contacts_name_code(name_key) = contacts_name_code(r.key) LIMIT %s)
) found"""
_COMPANIES = """
(SELECT id, 'inn' AS how FROM contacts_company WHERE inn = %s AND inn <> '' LIMIT 20)
UNION ALL (SELECT id, 'domain' FROM contacts_company WHERE domain = %s AND domain <> '' LIMIT 20)
UNION ALL (SELECT id, 'sound' FROM contacts_company WHERE contacts_company_code(name_key) = contacts_company_code(%s)
  AND contacts_company_code(%s) <> '' LIMIT %s)"""


@dataclass
class Match:
    """A record that may be the same, and the fields that say so: email phone name birthday company city inn domain."""

    record: object
    reasons: list = field(default_factory=list)

    @property
    def is_strong(self):
        """Whether an address or a number says it, not only the name."""
        return bool({"email", "phone", "inn", "domain", "birthday"} & set(self.reasons))

    @property
    def is_likely(self):
        """Whether saving should stop for it: a name alone is only shown while typing."""
        return self.is_strong or len(self.reasons) > 1

    @property
    def words(self):
        """The reasons in the reader's language."""
        return [REASONS[name] for name in self.reasons]


def similar_people(user, exclude=None, **record):
    """Matches of one person among those the user may see, strongest first, at most five; see `likely_duplicates`.

    What is hidden from the user is not compared: a guess would be answered.
    """
    record = {name: value for name, value in record.items() if may_see(user, "contact", _GUARDS.get(name, name))}
    return likely_duplicates([record], user=user, exclude=exclude).get(0, [])


def likely_duplicates(records, *, user=None, exclude=None):
    """{place in `records`: [Match], strongest first} of those that have any. Takes five queries however many there are.

    A record is a mapping with any of first_name, last_name, middle_name, email, phone, birthday_on, company (its name),
    city. `user` limits the matches to what that person may see.
    """
    region = Workspace.get().country
    asked = [_asked(record, region) for record in records]
    rows = [(i, a["key"], a["swapped"], a["email"], a["phone"], a["born"], a["company"]) for i, a in enumerate(asked)]
    if not any(any(row[1:]) for row in rows):
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_PEOPLE, [*map(list, zip(*rows, strict=True)), *[MOST] * 5])
        found = cursor.fetchall()
    people = Contact.objects.visible_to(user) if user else Contact.objects.all()
    people = people.filter(pk__in={pk for _place, pk, _how in found} - {exclude}).select_related("company")
    people = {person.pk: person for person in people}
    ways = {}
    for i, pk, how in found:
        if pk in people and (how not in {"name", "sound"} or people[pk].name or may_see(user, "contact", "email")):
            ways.setdefault(i, {}).setdefault(pk, set()).add(how)
    judged = {i: _judge(asked[i], {people[pk]: hows for pk, hows in mine.items()}) for i, mine in ways.items()}
    return {i: matches for i, matches in judged.items() if matches}


def similar_companies(user, exclude=None, *, name="", inn="", domain="", city=""):
    """Matches of a company among those the user may see, strongest first, at most five."""
    inn = inn if may_see(user, "company", "requisites") else ""
    domain = domain if may_see(user, "company", "domain") else ""
    found = near_companies(name, inn, domain)
    visible = Company.objects.visible_to(user).filter(pk__in={pk for pk, _how in found} - {exclude}).in_bulk()
    matches, same = [], company_key(name)
    for pk, company in visible.items():
        hows = {how for of, how in found if of == pk}
        reasons = sorted(hows - {"sound"}, reverse=True)
        if same and JaroWinkler.similarity(same, company_key(company.name)) >= _ALIKE + 0.03:
            reasons.append("name")
        # Two numbers of two taxpayers: two companies, however they are called.
        other_payer = inn and company.inn and "inn" not in reasons
        if reasons and not (other_payer and reasons == ["name"]):
            matches.append(Match(company, reasons))
    return sorted(matches, key=lambda m: (-len(m.reasons), m.record.pk))[:SHOWN]


def near_companies(name, inn, domain):
    """[(key, "inn" | "domain" | "sound")] of companies that share one of these by an index."""
    key = sort_key(name)
    with connection.cursor() as cursor:
        cursor.execute(_COMPANIES, [digits(inn) or inn, domain.strip().casefold(), key, key, MOST])
        return cursor.fetchall()


def _asked(record, region):
    """A record as it is compared; names of one word alone are too little to go by."""
    first, last = sort_key(record.get("first_name")), sort_key(record.get("last_name"))
    first = without_patronymic(first)
    both = bool(first and last)
    return {
        "first": first,
        "last": last,
        "key": f"{last} {first}" if both else None,
        "swapped": f"{first} {last}" if both else None,
        "email": norm_email(record.get("email")) or None,
        "phone": norm_phone(record.get("phone"), region) or None,
        "born": record.get("birthday_on") or None,
        "company": sort_key(record.get("company")) or None,
        "city": sort_key(record.get("city")),
    }


def _judge(asked, found):
    """Matches out of what the indexes brought. A name alone counts only when few have it."""
    matches, namesakes = [], []
    for person, hows in found.items():
        reasons = sorted(hows & {"email", "phone"})
        if asked["key"] and _alike(asked, person):
            more = _shared(asked, person)
            if reasons or more:
                matches.append(Match(person, [*reasons, "name", *more]))
            else:
                namesakes.append(Match(person, ["name"]))
        elif reasons:
            matches.append(Match(person, reasons))
    if len(namesakes) <= RARE:
        matches += namesakes
    return sorted(matches, key=lambda m: (not m.is_strong, -len(m.reasons), m.record.pk))[:SHOWN]


def _shared(asked, person):
    """What else the two have in common. Two birthdays that are known and differ speak against a namesake."""
    shared = {
        "birthday": asked["born"] and str(asked["born"]) == str(person.birthday_on),
        "company": asked["company"] and person.company and asked["company"] == person.company.name_key,
        "city": asked["city"] and asked["city"] == sort_key(person.city),
    }
    return [name for name, same in shared.items() if same]


def _alike(asked, person):
    """Whether two names may be one: spelt otherwise, in the other alphabet, the other way round, or a short form."""
    if asked["born"] and person.birthday_on and str(asked["born"]) != str(person.birthday_on):
        return False
    first, last = without_patronymic(sort_key(person.first_name)), sort_key(person.last_name)
    straight = _one(asked["first"], first) and _close(asked["last"], last)
    return straight or (_one(asked["first"], last) and _close(asked["last"], first))


def _one(name, other):
    return _close(name, other) or bool(full_names(latin(name)) & full_names(latin(other)))


def _close(name, other):
    if not name or not other:
        return False
    one, two = spelling(latin(name)), spelling(latin(other))
    return one == two or JaroWinkler.similarity(one, two) >= _ALIKE
