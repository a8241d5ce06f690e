"""Consents: a ledger that only grows; the newest statement counts."""

from django.db import transaction

from contacts.models import Consent
from crm.events import record


@transaction.atomic
def state_consent(contact, purpose, *, given, source="", text="", address=None, topic="", channel="email", by=None):
    """Write that a consent was given or withdrawn, and by what words and way. Returns the Consent."""
    consent = Consent.objects.create(
        contact=contact,
        purpose=purpose,
        topic=topic,
        channel=channel,
        is_given=given,
        text=text,
        source=source[:200],
        address=address,
    )
    kind = "consent.given" if given else "consent.withdrawn"
    record(
        kind,
        contact=contact,
        company=contact.company,
        actor=by,
        purpose=str(consent.get_purpose_display()),
        source=source,
    )
    return consent


def has_consent(contact, purpose):
    """Whether the newest statement for that purpose is a consent."""
    newest = Consent.objects.filter(contact=contact, purpose=purpose).order_by("-at", "-pk").first()
    return bool(newest and newest.is_given)


def current_consents(contact):
    """The newest statement for each purpose, as {purpose: Consent}."""
    found = {}
    for consent in Consent.objects.filter(contact=contact).order_by("at", "pk"):
        found[consent.purpose] = consent
    return found
