"""What merging and the search for duplicates register."""

from django.db.models import Q
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts import (
    bench_duplicates,
    lists_duplicates,  # noqa: F401  registers the desk
    seed_duplicates,
)
from contacts.models import Company, CompanyPair, Contact, ContactPair, Merge
from contacts.models.merge import KEPT_FOR
from contacts.services.duplicates import searches
from contacts.services.merging import details, own, own_fields  # noqa: F401  register how their rows are merged
from crm import jobs
from crm.events import declare, subscribe
from crm.registry import Command, NavItem, SettingsPage, benchmark, command, nav, panel, periodic, seeder, settings_page

declare("contact.merged", _("{actor} merged {title} into this contact"), icon="arrows-join")
declare("contact.unmerged", _("{actor} parted this contact from {title} again"), icon="arrows-split")
declare("company.merged", _("{actor} merged {title} into this company"), icon="arrows-join")
declare("company.unmerged", _("{actor} parted this company from {title} again"), icon="arrows-split")


@subscribe("contact.merged", "company.merged", name="contacts.stragglers")
def gather_stragglers(event):
    """What somebody wrote for the merged record while it was merged belongs to the one that stays."""
    merge = Merge.objects.filter(pk=event.data.get("merge")).first()
    if merge:
        own.gather_stragglers(merge)


@subscribe("contact.created", name="contacts.likely_duplicates")
def look_for_duplicates(event):
    """Whoever comes by a letter, a form or a hand is compared at once; files wait for the night."""
    from contacts.services.duplicates import scan

    contact = Contact.objects.select_related("company").filter(pk=event.contact_id).first()
    if contact:
        scan.look_at(contact)


@subscribe("company.created", name="contacts.likely_duplicate_companies")
def look_for_duplicate_companies(event):
    """A company that comes by a hand, a form or a letter, too."""
    from contacts.services.duplicates import companies

    company = Company.objects.filter(pk=event.company_id).first()
    if company:
        companies.look_at(company)


@jobs.job(searches.KIND, _("Search for duplicates"), icon="users")
def search(run):
    """Job: compare everybody; without "whole" only who has changed since."""
    from contacts.services.duplicates import scan

    return scan.scan(run, whole=run.params.get("whole", False))


seeder("duplicates", order=93)(seed_duplicates.search)
nav(NavItem("customers", _("Duplicates"), "contacts:duplicates", "arrows-join", "contact", 13))
command(Command(_("Duplicates"), "contacts:duplicates", "arrows-join", "contact", "edit"))
settings_page(
    SettingsPage(_("Duplicates"), _("What is merged by itself"), "contacts:duplicate_settings", "arrows-join", order=25)
)


@panel("contact", name="duplicates", title=_("Duplicates"), place="left", order=5)
def duplicates_of_contact(request, contact):
    return _panel(request, ContactPair, contact)


@panel("company", name="duplicates", title=_("Duplicates"), place="left", order=5)
def duplicates_of_company(request, company):
    return _panel(request, CompanyPair, company)


def _panel(request, pairs, record):
    """Open pairs that the reader may decide, and what was merged here in the last 30 days."""
    rows = pairs.objects.open().mergeable_by(request.user).filter(Q(first=record) | Q(second=record)).for_card()[:5]
    found = [
        (pair.merge_url_for(request.user), pair, pair.second if pair.first_id == record.pk else pair.first)
        for pair in rows
    ]
    kind = record._meta.model_name
    merges = Merge.objects.filter(**{kind: record}, undone_at=None, at__gt=timezone.now() - KEPT_FOR).order_by("-pk")[
        :5
    ]
    if not found and not merges:
        return ""
    return render_to_string(
        "contacts/panels/duplicates.html", {"pairs": found, "merges": merges, "kind": kind}, request
    )


periodic("contacts.tasks.search_duplicates", every=24 * 3600)
benchmark("merge", order=30)(bench_duplicates.merge_rows)
benchmark("duplicates while typing", order=31)(bench_duplicates.ask)
benchmark("duplicates at night", order=32)(bench_duplicates.search)
