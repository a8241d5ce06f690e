"""People and companies that were written twice, as happens in every company, and the search that finds them."""

from contacts.models import Company, Contact, Employment
from crm import jobs
from crm.models import Job
from crm.seeding import latin
from crm.text import sort_key

# Among the first people, whom nothing else spoils.
AMONG = 40
# Up to this many contacts the search runs at once; more are left to the night.
AT_ONCE = 20_000


def _swapped(one):
    return one.last_name, one.first_name


def _typing_error(one):
    name = one.last_name
    return one.first_name, name[:2] + name[3] + name[2] + name[4:]


def _initial(one):
    return f"{one.first_name[0]}.", one.last_name


def _in_latin(one):
    return latin(one.first_name).title(), latin(one.last_name).title()


# How the name is written the second time, and what both records have in common.
_WAYS = [(_swapped, "email"), (_typing_error, "phone"), (_initial, "email"), (_in_latin, "phone")]


def write_twice(plan):
    """Make of some people and companies second records of others of the same owner, before anything hangs on them."""
    for country in ("DE", "RU"):
        whole = Contact.objects.filter(pk__lte=AMONG, country=country, company__isnull=False)
        people = list(whole.exclude(email="").exclude(phone="").order_by("pk"))
        firms = list(Company.objects.filter(country=country).order_by("pk")[:10])
        ways = [way for way in _WAYS if country == "RU" or way[0] is not _in_latin]
        for (name, shared), one, other in zip(ways, people, reversed(people), strict=False):
            _again(one, other, name, shared)
        for one, other in zip(firms[:2], reversed(firms), strict=False):
            _company_again(one, other)


def _again(one, other, name, shared):
    other.first_name, other.last_name = name(one)
    other.middle_name = ""
    for field in ("company_id", "city", "owner_id", "team_id", "language", shared):
        setattr(other, field, getattr(one, field))
    other.name_key = Contact.key_of(other.first_name, "", other.last_name, other.email)
    Contact.objects.bulk_update(
        [other],
        ["first_name", "last_name", "middle_name", "name_key", "company", "city", "owner", "team", "language", shared],
    )
    Employment.objects.filter(contact=other).update(company=one.company_id)


def _company_again(one, other):
    """The same firm once more, with its legal form, as a form on the website brings it."""
    name = f"ООО «{one.name.replace('«', '').replace('»', '')}»" if one.country == "RU" else f"{one.name} GmbH"
    Company.objects.filter(pk=other.pk).update(
        name=name, name_key=sort_key(name), city=one.city, domain=one.domain, owner=one.owner_id, team=one.team_id
    )


def search(plan):
    """Run the search of the night, so that its desk is filled."""
    if plan.contacts > AT_ONCE:
        return
    row = Job.objects.create(kind="contacts.duplicates", by=plan.users["admin"], params={"quiet": True, "whole": True})
    jobs.run({"job": row.pk})
