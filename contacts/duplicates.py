"""What merging and the search for duplicates register."""

from django.utils.translation import gettext_lazy as _

from contacts.models import Merge
from contacts.services.merging import details, own  # noqa: F401  register how their rows are merged
from crm.events import declare, subscribe

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
