"""What becomes of the facts about buyers when two people become one."""

from contacts.models import Contact
from contacts.services.merging import rule
from crm.events import subscribe
from deals.models import PurchaseFacts
from deals.services.orders import rebuild_facts


@rule(Contact, PurchaseFacts, late=True)
def one_buyer(changes, kept, gone):
    """The facts follow from the orders, which have been moved by now."""
    changes.delete(PurchaseFacts, [kept.pk, gone.pk])
    rebuild_facts([kept.pk])
    changes.made(*PurchaseFacts.objects.filter(pk=kept.pk))


@subscribe("contact.unmerged", name="deals.parted_buyers")
def count_again(event):
    """Orders that came between the merge and its undoing belong to the one that was kept."""
    if event.contact_id:
        rebuild_facts([event.contact_id])
