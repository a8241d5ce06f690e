"""People who come in by a guide: address, two separate consents, and the event that starts everything else."""

from django.db import transaction

from contacts.models import Consent, Contact, ContactPoint
from contacts.services.consents import state_consent
from contacts.services.people import create_contact
from crm.events import record


@transaction.atomic
def give(guide, *, email, name, advertising, address):
    """Keep who asked for the guide and what was agreed to. A known address is the same person."""
    point = ContactPoint.objects.filter(kind="email", norm=email, contact__isnull=False).order_by("contact_id").first()
    if point:
        contact = point.contact
    else:
        first, _blank, last = name.strip().partition(" ")
        contact = create_contact(
            by=None,
            first_name=first[:100],
            last_name=last[:100],
            email=email,
            language=guide.language,
            source=guide.title[:100],
            stage=Contact.Stage.SUBSCRIBER,
        )
    where = f"/g/{guide.slug}"
    state_consent(
        contact, Consent.Purpose.PERSONAL_DATA, given=True, source=where, text=guide.personal_data_text, address=address
    )
    if advertising:
        state_consent(
            contact, Consent.Purpose.ADVERTISING, given=True, source=where, text=guide.advertising_text, address=address
        )
    record("guide.downloaded", contact=contact, company=contact.company, guide=guide.title)
    return contact
