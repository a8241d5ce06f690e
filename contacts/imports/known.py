"""Who and what of a file is here already: people and companies by the keys that the import was told to go by.

A key is a text such as “email:ann@example.com”. Found are {key: [keys of records]}, the oldest record first.
"""

from collections import defaultdict

from contacts.models import Company, Contact, ContactPoint, ExternalId, ImportKey, ImportRun
from crm import bulk

Mode = ImportRun.Duplicates
_COMPANY_FIELDS = {"company_inn": "inn", "company_domain": "domain", "company_name": "name_key"}


def people(keys, run):
    """People that the importer may change, by these keys."""
    wanted, found = _by_kind(keys), defaultdict(list)
    allowed = Contact.objects.editable_by(run.by)
    points = ContactPoint.objects.filter(
        norm__in=bulk.among({norm for kind in ("email", "phone") for norm in wanted[kind]}), contact__in=allowed
    )
    for kind, norm, pk in points.order_by("contact_id").values_list("kind", "norm", "contact_id"):
        found[f"{kind}:{norm}"].append(pk)
    if values := wanted["external_id"]:
        ids = ExternalId.objects.filter(system=run.system, value__in=bulk.among(values), contact__in=allowed)
        for value, pk in ids.values_list("value", "contact_id"):
            found[f"external_id:{value}"].append(pk)
    if pairs := wanted["name_company"]:
        names = {pair.partition("|")[0] for pair in pairs}
        named = allowed.filter(name_key__in=bulk.among(names), company__isnull=False).order_by("pk")
        for pk, name, company in named.values_list("pk", "name_key", "company__name_key"):
            found[f"name_company:{name}|{company}"[:500]].append(pk)
    return found


def companies(keys, run):
    """Companies that the importer may see, by these keys."""
    wanted, found = _by_kind(keys), defaultdict(list)
    allowed = Company.objects.visible_to(run.by)
    for kind, name in _COMPANY_FIELDS.items():
        if values := wanted[kind]:
            rows = allowed.filter(**{f"{name}__in": bulk.among(values)}).order_by("pk")
            for value, pk in rows.values_list(name, "pk"):
                found[f"{kind}:{value}"].append(pk)
    if values := wanted["company_external_id"]:
        ids = ExternalId.objects.filter(system=run.system, value__in=bulk.among(values), company__in=allowed)
        for value, pk in ids.values_list("value", "company_id"):
            found[f"company_external_id:{value}"].append(pk)
    return found


def earlier(keys, run):
    """What earlier lines of a dry run would have made or found: {key: [(record or minus line, name key)]}."""
    found = defaultdict(list)
    rows = ImportKey.objects.filter(run=run, key__in=bulk.among(keys)).order_by("pk")
    for key, record, name in rows.values_list("key", "record", "name_key"):
        found[key].append((record, name))
    return found


def same_name(one, other):
    """Whether two name keys may be of one person: equal, one with more words, or not known."""
    one, other = ("" if "@" in key else key for key in (one, other))
    return not one or not other or set(one.split()) <= set(other.split()) or set(other.split()) <= set(one.split())


def match(row, keys, known):
    """The known person of a row, or None. A phone alone is shared by colleagues: their names must not differ."""
    for key in keys:
        for person in known.get(key, ()):
            if not key.startswith("phone:") or same_name(row.name_key, person.name_key):
                return person
    return None


def match_company(keys, known, inn=""):
    """The known company, or None. Two of one name are not the same when their taxpayer numbers differ."""
    for key in keys:
        for company in known.get(key, ()):
            if key.startswith(("company_inn:", "company_external_id:")) or not (
                inn and company.inn and inn != company.inn
            ):
                return company
    return None


def _by_kind(keys):
    found = defaultdict(set)
    for key in keys:
        kind, _mark, value = key.partition(":")
        found[kind].add(value)
    return found
