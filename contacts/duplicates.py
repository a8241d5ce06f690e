"""What merging and the search for duplicates register."""

from django.utils.translation import gettext_lazy as _

from contacts.models import Contact, Merge
from contacts.services.merging import details, own  # noqa: F401  register how their rows are merged
from crm import jobs
from crm.events import declare, subscribe
from crm.registry import periodic

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


@jobs.job("contacts.duplicates", _("Search for duplicates"), icon="users")
def search(run):
    """Job: compare everybody; without "whole" only who has changed since."""
    from contacts.services.duplicates import scan

    return scan.scan(run, whole=run.params.get("whole", False))


periodic("contacts.tasks.search_duplicates", every=24 * 3600)
