"""People who come in by a guide: address, two separate consents, and the event that starts everything else."""

from django.db import transaction

from campaigns.models import Suppression
from contacts.models import Consent, Contact, ContactPoint
from contacts.services import opt_in, wordings
from contacts.services.consents import has_consent, state_consent
from contacts.services.people import create_contact
from crm.events import record

Purpose = Consent.Purpose


def words_of(guide):
    """{purpose: (words, version or None)} of the two ticks on its page."""
    own = {Purpose.PERSONAL_DATA: guide.personal_data_text, Purpose.ADVERTISING: guide.advertising_text}
    return {
        purpose: (text, None) if text else wordings.words_of(purpose, guide.law, guide.language)
        for purpose, text in own.items()
    }


@transaction.atomic
def give(guide, *, email, name, advertising, address):
    """Keep who asked for the guide and what was agreed to. A known address is the same person.

    The consent to letters counts at once, or when it is confirmed by mail: always so for an address that has refused
    letters, for anybody can type an address. Returns the contact.
    """
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
    words = words_of(guide)
    page = [
        f"[x] {words[Purpose.PERSONAL_DATA][0]}",
        f"[{'x' if advertising else ' '}] {words[Purpose.ADVERTISING][0]}",
    ]
    proof = {
        "source": f"/g/{guide.slug}", "law": guide.law, "language": guide.language, "address": address,
        "shown": "\n".join([guide.title, *page]),
    }  # fmt: skip
    text, version = words[Purpose.PERSONAL_DATA]
    state_consent(
        contact,
        Purpose.PERSONAL_DATA,
        given=True,
        way=Consent.Way.FORM,
        text=text,
        version=version,
        point=email,
        **proof,
    )
    if advertising:
        _agree(guide, contact, email, dict(zip(("text", "version"), words[Purpose.ADVERTISING], strict=True)) | proof)
    record("guide.downloaded", contact=contact, company=contact.company, guide=guide.title)
    return contact


def _agree(guide, contact, email, proof):
    topic = guide.topic.code if guide.topic_id else ""
    if guide.double_opt_in or Suppression.of(email, topic):
        if not has_consent(contact, Purpose.ADVERTISING, topic=topic) or Suppression.of(email, topic):
            opt_in.ask(contact, email, topic=topic, **proof)
        return
    state_consent(contact, Purpose.ADVERTISING, given=True, topic=topic, way=Consent.Way.FORM, point=email, **proof)
